"""Webhooks a second to a receiver that answers at once, and how long the others wait while one receiver is dead."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpcore2
import uvloop

from benchmarks.databases import Databases
from benchmarks.process import running
from benchmarks.reading import Reading
from coatcheck import Coatcheck
from coatcheck.domain.delivery import Delivery
from coatcheck.domain.endpoint import Occasion
from coatcheck.ids import new_message_id
from coatcheck.push.dispatch import PER_TARGET
from coatcheck.testing.harness import eventually, free_port

ENDPOINTS = 4
"""So that what one receiver may have at once is not the bound."""
BODY = b'{"type":"job.completed","timestamp":"2026-11-22T12:00:00Z","data":' + b'"' + b"x" * 1100 + b'"}'
SAMPLES = 200
CHUNK = 250


def measure(databases: Databases, *, deliveries: int, pending: int) -> Iterator[Reading]:
    """The control (a bare loop that posts), ours, and the latency of one message beside a dead receiver with `pending` others."""
    logging.getLogger("coatcheck").setLevel(logging.CRITICAL)  # each message that a dead receiver did not get is a line
    with receiver() as url:
        yield Reading(databases.kind, "deliveries", "bare httpcore2", {"per second": deliveries / uvloop.run(_bare(url, deliveries))})
        taken = uvloop.run(_ours(databases.new("deliveries"), url, deliveries))
        yield Reading(databases.kind, "deliveries", "coatcheck", {"per second": deliveries / taken})
        for case, backlog in (("nobody dead", 0), (f"one dead, {pending:,} pending", pending)):
            latencies = sorted(uvloop.run(_beside(databases.new(f"deliveries-{backlog}"), url, backlog)))
            p50, p99 = (1000 * latencies[int(share * len(latencies))] for share in (0.5, 0.99))
            yield Reading(databases.kind, "deliveries", case, {"p50 ms": p50, "p99 ms": p99})


@contextmanager
def receiver() -> Iterator[str]:
    """A receiver in a process of its own; its URL."""
    port = free_port()
    with running("benchmarks.applications.receiver", str(port), url=""):
        eventually(lambda: _answers(port))
        yield f"http://127.0.0.1:{port}"


def _answers(port: int) -> bool:
    try:
        return httpcore2.request("POST", f"http://127.0.0.1:{port}/", content=b"{}").status == 204
    except httpcore2.ConnectError:
        return False


async def _bare(url: str, deliveries: int) -> float:
    """Seconds that the posts alone take, as many at once."""
    left = iter(range(deliveries))
    async with httpcore2.AsyncConnectionPool(max_connections=ENDPOINTS * PER_TARGET) as pool:

        async def post() -> None:
            for _ in left:
                await pool.request("POST", f"{url}/hook", content=BODY)

        begun = time.perf_counter()
        await asyncio.gather(*(post() for _ in range(ENDPOINTS * PER_TARGET)))
        return time.perf_counter() - begun


@asynccontextmanager
async def _application(store: str, public_url: str | None = "https://api.example.com") -> AsyncIterator[Coatcheck]:
    """An application; without a `public_url` it sends nothing."""
    jobs = Coatcheck(
        store=store,
        secret="a secret of thirty-two characters",  # noqa: S106  made up
        public_url=public_url,
        webhook_allow="127.0.0.0/8",
        webhook_http=True,
        embedded_worker=False,
    )

    @jobs.operation("/quick")
    async def quick() -> None:
        """Nothing."""

    async with jobs.opened():
        yield jobs


async def _ours(store: str, url: str, deliveries: int) -> float:
    """Seconds from the start of the dispatcher until the last message is recorded as delivered: rendered, kept, signed, sent, settled."""
    async with _application(store) as jobs:
        for number in range(ENDPOINTS):
            await jobs.wiring.endpoints.add("anybody", f"{url}/{number}")
    async with _application(store, public_url=None) as jobs:
        await _run(jobs, deliveries // ENDPOINTS)
    async with _application(store) as jobs:
        seen = Told(jobs, "delivery.delivered", deliveries // ENDPOINTS * ENDPOINTS)
        worker = jobs.make_worker()
        begun = time.perf_counter()
        await worker.start()
        await seen.all.wait()
        taken = time.perf_counter() - begun
        await worker.stop()
        return taken


async def _run(jobs: Coatcheck, count: int) -> None:
    """Have so many jobs run."""
    quick, seen = jobs.registry.find("quick"), Told(jobs, "job.completed", count)
    assert quick is not None
    worker = jobs.make_worker()
    await worker.start()
    for _ in range(0, count, CHUNK):
        await asyncio.gather(*(jobs.wiring.jobs.submit(quick, {}, "anybody", wait_for_room=60) for _ in range(min(CHUNK, count))))
    await seen.all.wait()
    await worker.stop()


async def _beside(store: str, url: str, pending: int) -> list[float]:
    """Seconds from a message being owed until it is delivered, one at a time, while another owner's receiver hangs."""
    async with _application(store) as jobs:
        dead, _ = await jobs.wiring.endpoints.add("the dead one's", f"{url}/hang")
        well, _ = await jobs.wiring.endpoints.add("anybody", f"{url}/well")
        for _ in range(pending // CHUNK):
            await _owe(jobs, dead.id, dead.url, CHUNK)
        worker = jobs.make_worker()
        await worker.start()
        latencies = []
        for _ in range(SAMPLES):
            seen, begun = Told(jobs, "delivery.delivered", 1), time.perf_counter()
            await _owe(jobs, well.id, well.url, 1)
            await seen.all.wait()
            latencies.append(time.perf_counter() - begun)
        await worker.stop()
        return latencies


async def _owe(jobs: Coatcheck, endpoint: str, url: str, count: int) -> None:
    now = jobs.wiring.clock.now()
    owed = [
        Delivery(id=new_message_id(), owner="anybody", occasion=Occasion.TEST, url=url, endpoint=endpoint, created_at=now, next_at=now)
        for _ in range(count)
    ]
    await asyncio.gather(*(jobs.wiring.deliveries.owe(delivery, BODY) for delivery in owed))


class Told:
    """Raises a flag once an event was told so many times."""

    def __init__(self, jobs: Coatcheck, event: str, count: int) -> None:
        self.all, self._event, self._left = asyncio.Event(), event, count
        jobs.telemetry.subscribe(self._take)

    def _take(self, event: str, _: Mapping[str, Any]) -> None:
        self._left -= event == self._event
        if self._left <= 0:
            self.all.set()
