"""POST requests a second at 64 connections, answered by one server process; nothing runs the jobs."""

import asyncio
from collections.abc import Iterator

from benchmarks.databases import Databases
from benchmarks.fill import fill_bare, fill_ours
from benchmarks.load import load
from benchmarks.process import serving
from benchmarks.reading import Reading


def measure(databases: Databases, *, requests: int, finished: int) -> Iterator[Reading]:
    """The control, the bare bound, and ours on an empty file and on one with `finished` jobs in it."""
    ours, bare = databases.new("submit-ours-full"), databases.new("submit-bare-full")
    asyncio.run(fill_ours(ours, finished=finished))
    fill_bare(bare, finished=finished)
    cases = [
        ("control", "control", ""),
        ("bare", "bare", databases.new("submit-bare")),
        ("coatcheck", "ours", databases.new("submit-ours")),
        (f"bare, {finished:,} finished", "bare", bare),
        (f"coatcheck, {finished:,} finished", "ours", ours),
    ]
    control = 0.0
    for name, module, url in cases:
        with serving(module, url) as port:
            load(port, requests=requests // 10)
            measured = load(port, requests=requests)
        control = control or measured.per_second
        yield Reading(
            databases.kind,
            "submit",
            name,
            {
                "requests/s": measured.per_second,
                "p50 ms": measured.percentile(0.5),
                "p99 ms": measured.percentile(0.99),
                "of control": measured.per_second / control,
            },
        )
