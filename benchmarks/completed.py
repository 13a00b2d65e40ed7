"""Jobs a second from the first POST until the last finished status is readable: one server and one worker process."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw

from benchmarks.load import load
from benchmarks.process import running, serving
from benchmarks.reading import Reading

LOOK = 0.005


def measure(directory: Path, *, jobs: int) -> Iterator[Reading]:
    """The bare bound and ours."""
    bare = _measure(directory / "bare.db", "bare", ("benchmarks.applications.bare_worker",), jobs)
    yield Reading("completed", "bare", {"jobs/s": bare, "of bare": 1.0})
    ours = _measure(directory / "ours.db", "ours", ("coatcheck", "worker", "benchmarks.applications.ours:jobs"), jobs)
    yield Reading("completed", "coatcheck", {"jobs/s": ours, "of bare": ours / bare})


def _measure(file: Path, module: str, worker: tuple[str, ...], jobs: int) -> float:
    with serving(module, str(file)) as port, running(*worker, file=str(file)):
        reader = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
        load(port, requests=jobs // 10)
        _wait(lambda: _completed(reader) >= jobs // 10)
        already = _completed(reader)
        begun = time.perf_counter()
        sent = len(load(port, requests=jobs).latencies)
        _wait(lambda: _completed(reader) >= already + sent)
        return sent / (time.perf_counter() - begun)


def _completed(reader: apsw.Connection) -> int:
    return int(reader.execute("SELECT count(*) FROM jobs WHERE status = 'completed'").get)


def _wait(condition: Callable[[], bool]) -> None:
    for _ in range(60_000):
        if condition():
            return
        time.sleep(LOOK)
    raise TimeoutError("the jobs did not complete")
