"""The bound: the least code that keeps jobs in SQLite with group commit and `synchronous=FULL`. No features.

One row a job; no events, no fence, no lease, no idempotency, no result document.
"""

import asyncio
import threading
from collections.abc import Iterable
from queue import SimpleQueue

import apsw
import msgspec

from benchmarks.applications.control import Order

SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs(seq INTEGER PRIMARY KEY, id TEXT UNIQUE, status TEXT, body TEXT, result TEXT);
CREATE INDEX IF NOT EXISTS queued ON jobs(seq) WHERE status = 'queued';
"""


def connect(url: str) -> apsw.Connection:
    connection = apsw.Connection(url.removeprefix("sqlite:///"))
    connection.set_busy_timeout(5000)
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full")
    connection.execute(SCHEMA)
    return connection


class Writer:
    """A thread that commits whatever is waiting in one transaction."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._queue: SimpleQueue[tuple[tuple[str, str], asyncio.Future[None]]] = SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    async def insert(self, job_id: str, body: str) -> None:
        future = asyncio.get_running_loop().create_future()
        self._queue.put(((job_id, body), future))
        await future

    def _run(self) -> None:
        connection = connect(self._url)
        while True:
            batch = [self._queue.get()]
            while not self._queue.empty() and len(batch) < 200:
                batch.append(self._queue.get())
            connection.execute("BEGIN IMMEDIATE")
            for row, _ in batch:
                connection.execute("INSERT INTO jobs(id, status, body) VALUES (?, 'queued', ?)", row)
            connection.execute("COMMIT")
            futures = [future for _, future in batch]
            futures[0].get_loop().call_soon_threadsafe(_resolve, futures)


def _resolve(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


def fill(url: str, rows: Iterable[tuple[str, str, str]]) -> None:
    """Insert rows of id, status and body."""
    connection = connect(url)
    with connection:
        connection.executemany("INSERT INTO jobs(id, status, body) VALUES (?, ?, ?)", rows)
    connection.close()


def drain(url: str) -> None:
    """Claim and finish queued jobs in batches of 100 until there is none."""
    connection = connect(url)
    while True:
        connection.execute("BEGIN IMMEDIATE")
        claimed = list(
            connection.execute(
                "UPDATE jobs SET status = 'running' WHERE seq IN "
                "(SELECT seq FROM jobs WHERE status = 'queued' ORDER BY seq LIMIT 100) RETURNING seq, body"
            )
        )
        connection.execute("COMMIT")
        if not claimed:
            break
        connection.execute("BEGIN IMMEDIATE")
        for seq, body in claimed:
            order = msgspec.json.decode(body, type=Order)
            result = msgspec.json.encode(len(order.items)).decode()
            connection.execute("UPDATE jobs SET status = 'completed', result = ? WHERE seq = ?", (result, seq))
        connection.execute("COMMIT")
