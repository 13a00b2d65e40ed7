"""No-op jobs a second that one worker process gets through, queued beforehand; results and events stored."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.fill import fill_bare, fill_ours
from benchmarks.reading import Reading


def measure(directory: Path, *, jobs: int, finished: int) -> Iterator[Reading]:
    """The bare bound and ours, on an empty file and on one with `finished` jobs in it."""
    bare = 0.0
    for history in (0, finished):
        suffix = f", {history:,} finished" if history else ""
        per_second = _bare(directory / f"bare-{history}.db", jobs, history)
        bare = bare or per_second
        yield Reading("drain", f"bare{suffix}", {"jobs/s": per_second, "of bare": per_second / bare})
        per_second, processor = _ours(directory / f"ours-{history}.db", jobs, history)
        yield Reading(
            "drain",
            f"coatcheck{suffix}",
            {"jobs/s": per_second, "of bare": per_second / bare, "processor µs/job": 1e6 * processor / jobs},
        )


def _bare(file: Path, jobs: int, finished: int) -> float:
    fill_bare(file, finished=finished, queued=jobs)
    return jobs / float(_output("-m", "benchmarks.applications.bare_worker", "once", file=file))


def _ours(file: Path, jobs: int, finished: int) -> tuple[float, float]:
    asyncio.run(fill_ours(file, finished=finished, queued=jobs))
    told = json.loads(_output("-m", "benchmarks.applications.worker", file=file))
    return jobs / told["seconds"], told["processor"]


def _output(*arguments: str, file: Path) -> str:
    environment = {**os.environ, "BENCHMARK_FILE": str(file)}
    return subprocess.run([sys.executable, *arguments], env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
