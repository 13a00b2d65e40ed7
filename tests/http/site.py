"""A real application on a loopback port, and the jobs in it brought to any status without a worker."""

import hashlib
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from logging.handlers import BufferingHandler
from types import MappingProxyType
from typing import Any

import httpx2
import msgspec
from starlette.requests import Request

from coatcheck.app import Coatcheck
from coatcheck.clock import SystemClock
from coatcheck.domain.claim import Claim
from coatcheck.domain.outcome import Completed, Failed
from coatcheck.domain.owner import SYSTEM, Viewer
from coatcheck.domain.problem import Problem
from coatcheck.domain.result import Result
from coatcheck.store.contract import Listing, Store
from coatcheck.testing.harness import serving

UNKNOWN = "01890a5d-ac96-774b-bcce-b302099a8057"
STATUSES = ("queued", "running", "cancelling", "completed", "failed", "cancelled")
BROKEN = Problem(
    kind="operation-failed", title="The operation raised ValueError", status=502, detail="no such month", members={"month": 13}
)


LOOPBACK = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients that meet no TLS: without it each reads all certificates of the machine, which takes longer than most tests."""


class ShiftedClock(SystemClock):
    """The host's clocks, all but the leases' some seconds ahead."""

    ahead = 0.0

    def now(self) -> float:
        return super().now() + self.ahead

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


@dataclass
class Site:
    """A served application, and what a test does with it."""

    jobs: Coatcheck
    api: httpx2.AsyncClient
    clock: ShiftedClock

    @property
    def store(self) -> Store:
        return self.jobs.wiring.store

    async def submit(self, json: Any = None, *, path: str = "/echo", **options: Any) -> str:
        """Submit a request; the new job's id."""
        answer = await self.api.post(path, json={"text": "hello"} if json is None else json, **options)
        assert answer.status_code == 202, answer.text
        return str(answer.headers["location"]).rpartition("/")[2]

    async def claim(self, job_id: str) -> Claim:
        """Claim a job, which must be the only one queued."""
        (claim,) = await self.store.claim("w", self.jobs.registry.names(), 1)
        assert claim.job_id == job_id
        return claim

    async def complete(self, job_id: str, value: Any = None, *, result: Result | None = None) -> None:
        claim = await self.claim(job_id)
        assert await self.store.settle(claim, Completed(result or json_result({"answer": 42} if value is None else value)))

    async def bring_to(self, status: str, **options: Any) -> str:
        """A new job in that status."""
        job_id = await self.submit(**options)
        match status:
            case "queued":
                pass
            case "running":
                await self.claim(job_id)
            case "cancelling":
                await self.claim(job_id)
                await self.store.cancel(job_id, SYSTEM, actor="test")
            case "completed":
                await self.complete(job_id)
            case "failed":
                assert await self.store.settle(await self.claim(job_id), Failed(BROKEN))
            case "cancelled":
                await self.store.cancel(job_id, SYSTEM, actor="test")
        return job_id

    async def expire_everything(self) -> None:
        """Let a day and an hour pass, and prune."""
        self.clock.ahead += 25 * 3600
        await self.store.prune()

    def file_result(self, content: bytes, *, filename: str | None = "report.csv", media_type: str = "text/csv") -> Result:
        blob = self.jobs.wiring.blobs.write([content])
        return Result(media_type=media_type, size=blob.size, digest=blob.digest, blob=blob.key, filename=filename)


def json_result(value: Any) -> Result:
    body = msgspec.json.encode(value)
    return Result(media_type="application/json", size=len(body), digest=hashlib.sha256(body).hexdigest(), body=body)


async def by_bearer(request: Request) -> Viewer | None:
    """Who says `Authorization: Bearer alice` is alice; root is the operator."""
    name = request.headers.get("authorization", "").removeprefix("Bearer ")
    return SYSTEM if name == "root" else name or None


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}"}


def register(jobs: Coatcheck) -> None:
    """The operations that the tests submit to."""

    class Row(msgspec.Struct):
        price: int

    class Import(msgspec.Struct):
        rows: list[Row]

    @jobs.operation("/echo", estimate="20 seconds")
    def echo(text: str, times: int = 1) -> dict[str, Any]:
        """Say something back.

        As often as asked.
        """
        return {"text": text, "times": times}

    @jobs.operation("/imports", queue_bound=2)
    def import_rows(request: Import) -> int:
        return len(request.rows)

    @jobs.operation("/nightly", queue_bound=1, estimate="1 hour")
    def nightly() -> None:
        """Count everything."""

    @jobs.operation("/payments", idempotency_key_required=True)
    def pay(amount: int) -> None:
        """Pay once."""


@asynccontextmanager
async def running(
    directory: Any,
    *,
    authenticate: Any = None,
    also: Callable[[Coatcheck], None] = lambda _: None,
    server: Mapping[str, Any] = MappingProxyType({}),
    **settings: Any,
) -> AsyncIterator[Site]:
    """A site of our routes alone; `also` registers more operations, and `server` goes to uvicorn."""
    clock = ShiftedClock()
    jobs = Coatcheck(store=f"sqlite:///{directory / 'jobs.db'}", embedded_worker=False, authenticate=authenticate, clock=clock, **settings)
    register(jobs)
    also(jobs)
    with serving(jobs, **server) as url:
        async with httpx2.AsyncClient(base_url=url, verify=LOOPBACK) as api:
            yield Site(jobs, api, clock)


@contextmanager
def complaints() -> Iterator[list[logging.LogRecord]]:
    """What the server, which is running, finds wrong."""
    log, handler = logging.getLogger("uvicorn.error"), BufferingHandler(1000)
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.WARNING)
    try:
        yield handler.buffer
    finally:
        log.setLevel(level)
        log.removeHandler(handler)


async def stored(site: Site) -> int:
    return len(await site.store.list(SYSTEM, Listing()))


def assert_problem(answer: httpx2.Response, status: int, kind: str) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, object] = answer.json()
    assert document["type"] == f"/problems/{kind}"
    assert document["status"] == status
    return document
