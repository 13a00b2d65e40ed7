"""Jobs a second from the first POST until the last finished status is readable: one server and one worker process."""

import time
from collections.abc import Callable, Iterator

import apsw
import psycopg

from benchmarks.databases import Databases
from benchmarks.load import load
from benchmarks.process import running, serving
from benchmarks.reading import Reading

LOOK = 0.01
COUNT = "SELECT count(*) FROM {schema}jobs WHERE status = 'completed'"


def measure(databases: Databases, *, jobs: int) -> Iterator[Reading]:
    """The bare bound and ours."""
    bare = _measure(databases, "bare", ("benchmarks.applications.bare_worker",), jobs)
    yield Reading(databases.kind, "completed", "bare", {"jobs/s": bare, "of bare": 1.0})
    ours = _measure(databases, "ours", ("coatcheck", "worker", "benchmarks.applications.ours:jobs"), jobs)
    yield Reading(databases.kind, "completed", "coatcheck", {"jobs/s": ours, "of bare": ours / bare})


def _measure(databases: Databases, module: str, worker: tuple[str, ...], jobs: int) -> float:
    url = databases.new(f"completed-{module}")
    with serving(module, url) as port:
        already = len(load(port, requests=jobs // 10).latencies)  # which makes the tables, too
        with running(*worker, url=url):
            completed = _counter(url, "coatcheck." if module == "ours" else "")
            _wait(lambda: completed() >= already)
            begun = time.perf_counter()
            sent = len(load(port, requests=jobs).latencies)
            _wait(lambda: completed() >= already + sent)
            return sent / (time.perf_counter() - begun)


def _counter(url: str, schema: str) -> Callable[[], int]:
    """How many jobs are completed, whenever it is asked."""
    if url.startswith("sqlite"):
        reader = apsw.Connection(url.removeprefix("sqlite:///"), flags=apsw.SQLITE_OPEN_READONLY)
        return lambda: int(reader.execute(COUNT.format(schema="")).get)
    connection = psycopg.connect(url, autocommit=True)
    return lambda: int(connection.execute(COUNT.format(schema=schema).encode()).fetchall()[0][0])


def _wait(condition: Callable[[], bool]) -> None:
    for _ in range(30_000):
        if condition():
            return
        time.sleep(LOOK)
    raise TimeoutError("the jobs did not complete")
