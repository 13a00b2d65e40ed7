"""The use cases, the same for every door: HTTP, code, command line."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from coatcheck.clock import Clock
from coatcheck.domain.estimate import remaining, typical_duration
from coatcheck.domain.event import Event
from coatcheck.domain.job import JobRecord, Submission, Tombstone
from coatcheck.domain.owner import Viewer
from coatcheck.domain.result import Result
from coatcheck.domain.state import Status
from coatcheck.errors import (
    IdempotencyKeyRequired,
    InvalidParameter,
    JobAlreadyFinished,
    JobCancelled,
    JobExpired,
    JobFailed,
    JobNotFound,
    ResultNotReady,
)
from coatcheck.feed.hints import Hints
from coatcheck.ids import is_job_id, new_job_id
from coatcheck.operations.operation import Operation
from coatcheck.operations.registry import Registry
from coatcheck.store.contract import Listing, Store, Submitted
from coatcheck.store.insight import Insight
from coatcheck.telemetry import Telemetry

DEFAULT_RETRY_AFTER = 5
"""Seconds between polls where nothing is known of the job's length."""
_DURATIONS_KEPT = 10.0
"""Seconds for which the durations of past runs are taken as read."""
_MAX_KEY = 255


class Outlook(msgspec.Struct, frozen=True):
    """What can be said of the time to come of a job that has not ended."""

    retry_after: int
    """Seconds until a next look makes sense."""
    completion: float | None = None
    """Estimated moment of completion, seconds since the epoch."""
    queue_position: int | None = None


class Jobs:
    """What can be done with jobs."""

    def __init__(
        self, *, store: Store, insight: Insight, registry: Registry, hints: Hints, clock: Clock, telemetry: Telemetry, poll_interval: float
    ) -> None:
        self._store, self._insight, self._registry, self._hints = store, insight, registry, hints
        self._clock, self._telemetry, self._poll_interval = clock, telemetry, poll_interval
        self._durations: dict[str, tuple[float, Sequence[float]]] = {}

    async def submit(
        self,
        operation: Operation[..., object],
        arguments: Mapping[str, Any],
        owner: str,
        *,
        idempotency_key: str | None = None,
        delay: float = 0.0,
        within: object = None,
    ) -> Submitted:
        """Store a job with its arguments by name, as `operation.parameters` read them. It may start in `delay` seconds.

        Raises InvalidArguments (they have no JSON form), IdempotencyKeyRequired, IdempotencyKeyReused, InvalidParameter
        (a key that is empty or over 255 characters), QueueFull, StoreUnavailable. When this returns, the job is durable.

        With `within`, a connection of the caller's, it is so once the transaction open there is committed, of which nobody
        tells us: no event is emitted. Raises ConfigurationError for a connection that cannot be meant, too.
        """
        if idempotency_key is None and operation.idempotency_key_required:
            raise IdempotencyKeyRequired
        if idempotency_key is not None and not (1 <= len(idempotency_key) <= _MAX_KEY and idempotency_key.isprintable()):
            raise InvalidParameter(f"An Idempotency-Key has 1 to {_MAX_KEY} printable characters.")
        submitted = await self._store.submit(
            Submission(
                id=new_job_id(),
                owner=owner,
                operation=operation.name,
                arguments=operation.parameters.encode(arguments),
                max_attempts=operation.max_attempts,
                timeout=operation.timeout,
                ttl=operation.ttl,
                queue_bound=operation.queue_bound,
                delay=delay,
                idempotency_key=idempotency_key,
                fingerprint=operation.parameters.fingerprint(arguments) if idempotency_key is not None else b"",
            ),
            within,
        )
        if within is None:
            self._telemetry.emit("job.replayed" if submitted.replayed else "job.accepted", job=submitted.job)
        return submitted

    async def get(self, job_id: str, viewer: Viewer) -> JobRecord:
        """The job as it is now. Raises JobNotFound (unknown, malformed, or another owner's) or JobExpired."""
        return _present(await self._store.get(job_id, viewer) if is_job_id(job_id) else None)

    async def wait(self, job_id: str, viewer: Viewer, *, beyond: int | None = None, timeout: float | None = None) -> JobRecord:
        """The job once it has ended, or, with `beyond`, once its version is another; after `timeout` seconds as it is.

        Raises JobNotFound or JobExpired.
        """
        ends = math.inf if timeout is None else self._clock.monotonic() + timeout
        with self._hints.bell() as bell:
            while True:
                job = await self.get(job_id, viewer)
                left = ends - self._clock.monotonic()
                if job.status.terminal or left <= 0 or (beyond is not None and job.version != beyond):
                    return job
                await bell.rung(min(left, self._poll_interval))

    async def result(self, job_id: str, viewer: Viewer) -> Result:
        """What the job returned, JSON bodies whole.

        Raises ResultNotReady, JobFailed, JobCancelled; JobNotFound or JobExpired.
        """
        job = await self.get(job_id, viewer)
        match job.status:
            case Status.COMPLETED:
                result = job.result if _complete(job.result) else await self._store.result(job_id, viewer)
                if result is None:  # pruned between the two looks
                    raise JobExpired
                return result
            case Status.FAILED:
                assert job.error is not None
                raise JobFailed(job.error)
            case Status.CANCELLED:
                raise JobCancelled
            case _:
                raise ResultNotReady(retry_after=(await self.outlook(job)).retry_after)

    async def list(self, viewer: Viewer, listing: Listing) -> Sequence[JobRecord]:
        """The viewer's jobs, newest first."""
        return await self._store.list(viewer, listing)

    async def events(self, job_id: str, viewer: Viewer, *, after: int = 0, limit: int = 1000) -> Sequence[Event]:
        """The job's history after an event number. Raises JobNotFound or JobExpired."""
        await self.get(job_id, viewer)
        return await self._store.events(job_id, viewer, after=after, limit=limit)

    async def cancel(self, job_id: str, viewer: Viewer, *, actor: str) -> JobRecord:
        """Cancel a queued job, or ask a running one to stop; the job as it is then, `cancelled` or `cancelling`.

        Raises JobAlreadyFinished for a completed or failed job; JobNotFound or JobExpired.
        """
        before = await self.get(job_id, viewer)
        job = _present(await self._store.cancel(job_id, viewer, actor=actor))
        if job.status not in (Status.CANCELLED, Status.CANCELLING):
            raise JobAlreadyFinished
        if job.status is not before.status:  # asking again changes nothing, and is not told again
            self._telemetry.emit("job.cancelled" if job.status.terminal else "job.cancel_requested", job=job)
        return job

    async def retry(self, job_id: str, viewer: Viewer, *, actor: str) -> JobRecord:
        """Open a new life of a failed or cancelled job. Raises JobNotRetryable; JobNotFound or JobExpired."""
        return _present(await self._store.retry(job_id, viewer, actor=actor) if is_job_id(job_id) else None)

    async def outlook(self, job: JobRecord) -> Outlook:
        """When a job that has not ended may be worth another look, and when it may be done."""
        if job.status is Status.CANCELLING:  # it ends when its run has stopped, and nobody knows when that will be
            return Outlook(DEFAULT_RETRY_AFTER)
        typical = await self.typical_duration(job.operation)
        now = self._clock.now()
        position = await self._insight.position(job.id) if job.status is Status.QUEUED else None
        left = None
        if job.status is Status.RUNNING and job.started_at is not None:
            fraction = job.progress.percent / 100 if job.progress.percent is not None else None
            left = remaining(elapsed=now - job.started_at, fraction=fraction, typical=typical)
        elif typical is not None:
            left = max(0.0, job.not_before - now) + typical
        return Outlook(_retry_after(left), None if left is None else now + left, position)

    async def typical_duration(self, operation: str) -> float | None:
        """Seconds a run of the operation usually takes; None where nothing says so."""
        registered = self._registry.find(operation)
        return typical_duration(registered.estimate if registered else None, await self.durations(operation))

    async def durations(self, operation: str) -> Sequence[float]:
        """Seconds the last completed runs took, as read within the last few seconds."""
        read_at, durations = self._durations.get(operation, (-math.inf, ()))
        if self._clock.monotonic() - read_at > _DURATIONS_KEPT:
            durations = await self._insight.durations(operation)
            self._durations[operation] = (self._clock.monotonic(), durations)
        return durations


def _present(found: JobRecord | Tombstone | None) -> JobRecord:
    match found:
        case None:
            raise JobNotFound
        case Tombstone():
            raise JobExpired
        case JobRecord():
            return found


def _complete(result: Result | None) -> bool:
    return result is not None and (result.body is not None or result.blob is not None)


def _retry_after(left: float | None) -> int:
    if left is None:
        return DEFAULT_RETRY_AFTER
    if left < 60:
        return max(5, min(10, math.ceil(left)))
    return max(10, min(60, math.ceil(left / 6)))
