"""The bound: the least code that keeps jobs in PostgreSQL with group commit, and each commit synced. No features.

A row a job and a row a result; no events, no fence, no lease, no idempotency, no result document.
"""

import asyncio
from collections import deque
from collections.abc import Iterable

import msgspec
import psycopg

from benchmarks.applications.control import Order

SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs(seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text UNIQUE, status text, body text);
CREATE TABLE IF NOT EXISTS results(job bigint PRIMARY KEY, body text);
CREATE INDEX IF NOT EXISTS queued ON jobs(seq) WHERE status = 'queued';
"""
CLAIM = """
UPDATE jobs SET status = 'running'
WHERE seq IN (SELECT seq FROM jobs WHERE status = 'queued' ORDER BY seq LIMIT 100 FOR UPDATE SKIP LOCKED)
RETURNING seq, body
"""
FINISH = """
WITH done AS (
    UPDATE jobs SET status = 'completed' FROM unnest(%s::bigint[], %s::text[]) AS ended (job, body) WHERE seq = job
    RETURNING job, ended.body
)
INSERT INTO results SELECT job, body FROM done
"""
INSERT = "INSERT INTO jobs(id, status, body) SELECT id, 'queued', body FROM unnest(%s::text[], %s::text[]) AS wanted (id, body)"


class Writer:
    """A task that commits whatever is waiting in one transaction."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiting: deque[tuple[str, str, asyncio.Future[None]]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._db: psycopg.AsyncConnection | None = None

    async def insert(self, job_id: str, body: str) -> None:
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((job_id, body, future))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        await future

    async def _run(self) -> None:
        if self._db is None:
            _prepare(self._url)
            self._db = await psycopg.AsyncConnection.connect(self._url, autocommit=True, prepare_threshold=0)
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(200, len(self._waiting)))]
            ids, bodies, futures = zip(*batch, strict=True)
            await self._db.execute(INSERT, [list(ids), list(bodies)])
            for future in futures:
                future.set_result(None)
        self._task = None


def fill(url: str, rows: Iterable[tuple[str, str, str]]) -> None:
    """Insert rows of id, status and body."""
    with psycopg.connect(_prepare(url)) as db, db.cursor() as cursor, cursor.copy("COPY jobs(id, status, body) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def drain(url: str) -> None:
    """Claim and finish queued jobs in batches of 100 until there is none."""
    with psycopg.connect(_prepare(url), autocommit=True, prepare_threshold=0) as db:
        while claimed := db.execute(CLAIM).fetchall():
            results = [msgspec.json.encode(len(msgspec.json.decode(body, type=Order).items)).decode() for _, body in claimed]
            db.execute(FINISH, [[seq for seq, _ in claimed], results])


def _prepare(url: str) -> str:
    """The URL, once its tables are there."""
    with psycopg.connect(url) as db:
        db.execute(b"SELECT pg_advisory_xact_lock(1)")
        db.execute(SCHEMA)
    return url
