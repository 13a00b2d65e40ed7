"""The bound: the least code that keeps jobs in SQLite with group commit and `synchronous=FULL`. No features.

One row a job; no events, no fence, no lease, no idempotency, no result document.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import apsw
import msgspec
import uuid_utils
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.applications.control import Order

SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs(seq INTEGER PRIMARY KEY, id TEXT UNIQUE, status TEXT, body TEXT, result TEXT);
CREATE INDEX IF NOT EXISTS queued ON jobs(seq) WHERE status = 'queued';
"""


def connect(file: str) -> apsw.Connection:
    connection = apsw.Connection(file)
    connection.set_busy_timeout(5000)
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full")
    connection.execute(SCHEMA)
    return connection


class Writer:
    """A thread that commits whatever is waiting in one transaction."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._queue: SimpleQueue[tuple[Callable[[apsw.Connection], Any], asyncio.Future[Any]]] = SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    async def write(self, unit: Callable[[apsw.Connection], Any]) -> Any:
        future = asyncio.get_running_loop().create_future()
        self._queue.put((unit, future))
        return await future

    def _run(self) -> None:
        connection = connect(self._file)
        while True:
            batch = [self._queue.get()]
            while not self._queue.empty() and len(batch) < 200:
                batch.append(self._queue.get())
            connection.execute("BEGIN IMMEDIATE")
            results = [(future, unit(connection)) for unit, future in batch]
            connection.execute("COMMIT")
            results[0][0].get_loop().call_soon_threadsafe(_resolve, results)


def _resolve(results: list[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, value in results:
        if not future.done():
            future.set_result(value)


def make_app(file: str) -> Starlette:
    """The application over the database `file`."""
    writer = Writer(file)
    reader = connect(file)

    async def submit(request: Request) -> Response:
        order = msgspec.json.decode(await request.body(), type=Order)
        job_id = str(uuid_utils.uuid7())
        row = (job_id, msgspec.json.encode(order).decode())
        await writer.write(lambda connection: connection.execute("INSERT INTO jobs(id, status, body) VALUES (?, 'queued', ?)", row))
        body = msgspec.json.encode({"jobId": job_id, "status": "queued", "statusUrl": f"/jobs/{job_id}"})
        return Response(body, 202, {"Location": f"/jobs/{job_id}", "Retry-After": "5"}, "application/json")

    async def status(request: Request) -> Response:
        found = reader.execute("SELECT status FROM jobs WHERE id = ?", (request.path_params["id"],)).get
        return Response(msgspec.json.encode({"status": found}), media_type="application/json")

    return Starlette(routes=[Route("/orders", submit, methods=["POST"]), Route("/jobs/{id}", status)])


def drain(file: str, *, until: int | None = None) -> int:
    """Claim and finish queued jobs in batches of 100 until there is none (or `until` are done); how many."""
    connection = connect(file)
    done = 0
    while until is None or done < until:
        connection.execute("BEGIN IMMEDIATE")
        claimed = list(
            connection.execute(
                "UPDATE jobs SET status = 'running' WHERE seq IN "
                "(SELECT seq FROM jobs WHERE status = 'queued' ORDER BY seq LIMIT 100) RETURNING seq, body"
            )
        )
        connection.execute("COMMIT")
        if not claimed and until is None:
            break
        connection.execute("BEGIN IMMEDIATE")
        for seq, body in claimed:
            order = msgspec.json.decode(body, type=Order)
            result = msgspec.json.encode(len(order.items)).decode()
            connection.execute("UPDATE jobs SET status = 'completed', result = ? WHERE seq = ?", (result, seq))
        connection.execute("COMMIT")
        done += len(claimed)
    return done


if file := os.environ.get("BENCHMARK_FILE"):
    app = make_app(file)
