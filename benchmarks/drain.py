"""No-op jobs a second that worker processes get through, queued beforehand; results and events stored."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.databases import Databases
from benchmarks.fill import fill_bare, fill_ours
from benchmarks.process import environment
from benchmarks.reading import Reading

BARE = ("-m", "benchmarks.applications.bare_worker", "once")
OURS = ("-m", "benchmarks.applications.worker")


def measure(databases: Databases, *, jobs: int, finished: int) -> Iterator[Reading]:
    """The bare bound and ours: by one process, by two where many share a database, and with `finished` jobs in it."""
    bound = 0.0
    for processes, history in [(1, 0), (2, 0), (1, finished)] if databases.kind == "postgresql" else [(1, 0), (1, finished)]:
        suffix = (", two processes" if processes == 2 else "") + (f", {history:,} finished" if history else "")
        name = f"drain-{processes}-{history}"
        url = databases.new(f"{name}-bare")
        fill_bare(url, finished=history, queued=jobs)
        bare, _ = _run(BARE, url, processes, jobs)
        bound = bound or bare
        yield Reading(databases.kind, "drain", f"bare{suffix}", {"jobs/s": bare, "of bare": bare / bound})
        url = databases.new(f"{name}-ours")
        asyncio.run(fill_ours(url, finished=history, queued=jobs))
        ours, processor = _run(OURS, url, processes, jobs)
        figures = {"jobs/s": ours, "of bare": ours / bare, "processor µs/job": 1e6 * processor / jobs}
        yield Reading(databases.kind, "drain", f"coatcheck{suffix}", figures)


def _run(arguments: Sequence[str], url: str, processes: int, jobs: int) -> tuple[float, float]:
    """Jobs a second from the first to begin to the last to end, and the processor seconds of all."""
    workers = [
        subprocess.Popen([sys.executable, *arguments], env=environment(url), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    for worker in workers:
        assert worker.stdout is not None
        worker.stdout.readline()
    told = [_told(worker) for worker in _begun(workers)]
    seconds = max(each["ended"] for each in told) - min(each["begun"] for each in told)
    return jobs / seconds, sum(each["processor"] for each in told)


def _begun(workers: Sequence[subprocess.Popen[str]]) -> Sequence[subprocess.Popen[str]]:
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("\n")
        worker.stdin.flush()
    return workers


def _told(worker: subprocess.Popen[str]) -> Any:
    output, _ = worker.communicate()
    if worker.returncode != 0:
        raise RuntimeError(f"A worker ended with {worker.returncode}.")
    return json.loads(output)
