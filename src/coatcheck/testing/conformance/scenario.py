"""Jobs in the state that a test begins with."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import msgspec

from coatcheck.domain.claim import Claim
from coatcheck.domain.job import JobRecord, Submission
from coatcheck.domain.outcome import Completed, Crashed, Failed, Released, Rescheduled
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.problem import operation_failed, worker_lost
from coatcheck.domain.result import Result
from coatcheck.domain.state import Status
from coatcheck.ids import new_job_id
from coatcheck.settings import Settings
from coatcheck.store.contract import Store
from coatcheck.store.deliveries import Deliveries
from coatcheck.store.insight import Insight


class ObservedStore(Store, Insight, Deliveries, Protocol):
    """A store, the look at the whole of it, and what it does for webhooks, which every backend gives as one object."""


OpenStore = Callable[..., Awaitable[ObservedStore]]
"""What a backend's tests give as the fixture `open_store`: `await open_store(clock=...)` is another open handle on one
database, the same in each call of a test, with the default `Settings` but for the store's address."""

OPERATION = "report"
OWNER = "alice"
WORKER = "worker-1"
LEASE = Settings().lease
GRACE = Settings().grace
TOMBSTONE = Settings().tombstone
TIMEOUT = 600.0
TTL = 3600.0

PROBLEM = operation_failed("ValueError", "no such month")
RESULT = Result(media_type="application/json", size=11, digest="d" * 64, body=b'{"rows": 3}')
COMPLETED = Completed(RESULT)
FAILED = Failed(PROBLEM)
RESCHEDULED = Rescheduled(PROBLEM, 0.0)
RELEASED = Released("shutdown")
CRASHED = Crashed("Its process was killed by SIGSEGV.")
WORN_OUT = Failed(worker_lost(3), crashed=True)


def submission(**changes: Any) -> Submission:
    """A request of `OWNER`'s for `OPERATION`, with whatever a test wants otherwise."""
    usual: dict[str, Any] = {
        "id": new_job_id(),
        "owner": OWNER,
        "operation": OPERATION,
        "arguments": b'{"month": 4}',
        "max_attempts": 3,
        "timeout": TIMEOUT,
        "ttl": TTL,
        "queue_bound": 1_000,
    }
    return Submission(**usual | changes)


async def queued(store: Store, **changes: Any) -> JobRecord:
    """A job that was just submitted."""
    return (await store.submit(submission(**changes))).job


async def running(store: Store, **changes: Any) -> Claim:
    """The claim of a job that was just started by `WORKER`, the only one due of its operation."""
    await queued(store, **changes)
    [claim] = await store.claim(WORKER, [changes.get("operation", OPERATION)], 1)
    return claim


async def standing(store: Store, status: Status) -> Claim:
    """A job in `status`. The claim carries its present fence, so that only the status can make a write late."""
    if status is Status.QUEUED:
        job = await queued(store)
        return Claim(job=job, worker=WORKER, fence=job.fence, arguments=b"{}")
    claim = await running(store)
    match status:
        case Status.COMPLETED:
            await store.settle(claim, COMPLETED)
        case Status.FAILED:
            await store.settle(claim, FAILED)
        case Status.CANCELLING | Status.CANCELLED:
            await store.cancel(claim.job_id, OWNER, actor=OWNER)
            if status is Status.CANCELLED:
                await store.settle(claim, RELEASED)
    return msgspec.structs.replace(claim, job=await present(store, claim.job_id))


async def present(store: Store, job_id: str) -> JobRecord:
    """The job as it is now."""
    job = await store.get(job_id, SYSTEM)
    assert isinstance(job, JobRecord), job
    return job


async def history(store: Store, job_id: str) -> list[str]:
    """The types of the job's events, checked to be numbered from 1 without a gap."""
    events = await store.events(job_id, SYSTEM)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert len(events) == (await present(store, job_id)).last_event
    return [event.type.value for event in events]
