"""What a long queue and a longer history cost: claim and status, milliseconds, beside a small database. PostgreSQL only."""

import asyncio
import time
from collections.abc import Awaitable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import psycopg

from benchmarks.databases import Databases
from benchmarks.reading import Reading
from coatcheck import Coatcheck

SMALL = 1_000
CALLS = 500
FILL = """
INSERT INTO coatcheck.jobs (
    seq, id, owner, operation, status, created_at, not_before, max_attempts, ttl, started_at, completed_at, expires_at
)
SELECT n, 'job-' || n, 'everyone', 'order', CASE WHEN n > %(finished)s THEN 'queued' ELSE 'completed' END, n, n, 1, 86400,
    CASE WHEN n <= %(finished)s THEN n END, CASE WHEN n <= %(finished)s THEN n END, CASE WHEN n <= %(finished)s THEN 4e9 + n END
FROM generate_series(1, %(finished)s + %(queued)s) AS n
"""
ARGUMENTS = """INSERT INTO coatcheck.arguments SELECT seq, '{"request":{}}' FROM coatcheck.jobs"""
RESULTS = """
INSERT INTO coatcheck.results SELECT seq, 'application/json', 1, repeat('0', 64), NULL, NULL, '7' FROM coatcheck.jobs
WHERE status = 'completed'
"""
EVENTS = "INSERT INTO coatcheck.events SELECT seq, 1, 'accepted', created_at, 'queued', 0, owner FROM coatcheck.jobs"


def measure(databases: Databases, *, queued: int) -> Iterator[Reading]:
    """Claims of one job, and reads of a status, the two databases taking turns, so that a noisy machine disturbs both alike."""
    if databases.kind != "postgresql":
        return
    urls = databases.new("depth-small"), databases.new("depth-deep")
    for url, size in zip(urls, (SMALL, queued), strict=True):
        asyncio.run(_fill(url, size))
    measured = asyncio.run(_measure(urls, 5 * SMALL, 5 * queued))
    for verb, (small, deep) in measured.items():
        yield Reading(databases.kind, "depth", f"{verb}, {SMALL:,} queued", _figures(small))
        ratio = _percentile(deep, 0.99) / _percentile(small, 0.99)
        yield Reading(databases.kind, "depth", f"{verb}, {queued:,} queued", _figures(deep) | {"p99 of small": ratio})


async def _fill(url: str, queued: int) -> None:
    async with Coatcheck(store=url, embedded_worker=False).opened():
        pass  # the tables are there now
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(FILL, {"finished": 5 * queued, "queued": queued})
        for statement in (ARGUMENTS, RESULTS, EVENTS, "VACUUM ANALYZE"):
            db.execute(statement.encode())


async def _measure(urls: tuple[str, str], *finished: int) -> dict[str, tuple[list[float], list[float]]]:
    claims: tuple[list[float], list[float]] = [], []
    reads: tuple[list[float], list[float]] = [], []
    async with AsyncExitStack() as stack:
        stores = [(await stack.enter_async_context(Coatcheck(store=url, embedded_worker=False).opened())).store for url in urls]
        for number in range(CALLS + 50):
            for index, store in enumerate(stores):
                claim = await _timed(store.claim("worker", ["order"], 1))
                read = await _timed(store.get(f"job-{1 + number * finished[index] // (CALLS + 50)}", "everyone"))
                if number >= 50:  # the first ones plan, and read what is not in memory yet
                    claims[index].append(claim)
                    reads[index].append(read)
    return {"claim": claims, "status": reads}


async def _timed(call: Awaitable[Any]) -> float:
    begun = time.perf_counter()
    assert await call, "nothing was found"
    return time.perf_counter() - begun


def _figures(latencies: list[float]) -> dict[str, float]:
    return {f"p{100 * share:.0f} ms": _percentile(latencies, share) for share in (0.5, 0.99)}


def _percentile(latencies: list[float], share: float) -> float:
    ordered = sorted(latencies)
    return 1000 * ordered[int(share * len(ordered))]
