"""POST requests a second at 64 connections, answered by one server process; nothing runs the jobs."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

from benchmarks.fill import fill_bare, fill_ours
from benchmarks.load import load
from benchmarks.process import serving
from benchmarks.reading import Reading


def measure(directory: Path, *, requests: int, finished: int) -> Iterator[Reading]:
    """The control, the bare bound, and ours on an empty file and on one with `finished` jobs in it."""
    asyncio.run(fill_ours(directory / "ours-full.db", finished=finished))
    fill_bare(directory / "bare-full.db", finished=finished)
    cases = [
        ("control", "control", "unused.db"),
        ("bare", "bare", "bare.db"),
        ("coatcheck", "ours", "ours.db"),
        (f"bare, {finished:,} finished", "bare", "bare-full.db"),
        (f"coatcheck, {finished:,} finished", "ours", "ours-full.db"),
    ]
    control = 0.0
    for name, module, file in cases:
        with serving(module, str(directory / file)) as port:
            load(port, requests=requests // 10)
            measured = load(port, requests=requests)
        control = control or measured.per_second
        yield Reading(
            "submit",
            name,
            {
                "requests/s": measured.per_second,
                "p50 ms": measured.percentile(0.5),
                "p99 ms": measured.percentile(0.99),
                "of control": measured.per_second / control,
            },
        )
