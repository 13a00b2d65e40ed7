"""The use cases, the same for every door: HTTP, code, command line."""

import asyncio
import hashlib
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from coatcheck.blobs.contract import Blobs
from coatcheck.blobs.inputs import Inputs
from coatcheck.clock import Clock
from coatcheck.domain.estimate import remaining, typical_duration, waiting
from coatcheck.domain.event import Event
from coatcheck.domain.job import JobRecord, Submission, Tombstone
from coatcheck.domain.outlook import Outlook
from coatcheck.domain.owner import OPERATOR, Viewer
from coatcheck.domain.result import Result
from coatcheck.domain.state import Status
from coatcheck.errors import (
    ConfigurationError,
    IdempotencyKeyRequired,
    InvalidParameter,
    JobAlreadyFinished,
    JobCancelled,
    JobExpired,
    JobFailed,
    JobNotFound,
    NoRoom,
    ResultNotReady,
    StoreUnavailable,
)
from coatcheck.feed.lookout import Lookout
from coatcheck.feed.room import Room
from coatcheck.ids import is_job_id, new_job_id
from coatcheck.operations.operation import Operation
from coatcheck.operations.registry import Registry
from coatcheck.store.contract import Listing, Store, Submitted
from coatcheck.store.insight import Depth, Insight, Standing
from coatcheck.telemetry import Telemetry

_DURATIONS_KEPT = 10.0
"""Seconds for which the durations of past runs are taken as read."""
_DEPTHS_KEPT = 1.0
"""Seconds for which the number of runs under way is."""
_MAX_KEY = 255


class Jobs:
    """What can be done with jobs."""

    def __init__(
        self,
        *,
        store: Store,
        insight: Insight,
        blobs: Blobs,
        registry: Registry,
        lookout: Lookout,
        room: Room,
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        self._store, self._insight, self._blobs, self._registry, self._lookout = store, insight, blobs, registry, lookout
        self._room, self._clock, self._telemetry = room, clock, telemetry
        self._durations: dict[str, tuple[float, Sequence[float]]] = {}
        self._depths: tuple[float, Mapping[str, Depth]] = (-math.inf, {})

    async def submit(  # noqa: PLR0913  by keyword
        self,
        operation: Operation[..., object],
        arguments: Mapping[str, Any],
        owner: str,
        *,
        idempotency_key: str | None = None,
        delay: float = 0.0,
        wait_for_room: float = 0.0,
        webhook_url: str | None = None,
        traceparent: str | None = None,
        within: object = None,
    ) -> Submitted:
        """Store a job with its arguments by name, as `operation.parameters` read them. It may start in `delay` seconds.

        Files among the arguments are the job's from then on, if it is stored and not replayed, and are removed if it is not.

        `webhook_url`, found good already (`coatcheck.push.endpoints`), is told how it ends.

        Where there is no room, it waits for some for up to `wait_for_room` seconds, behind those who came before.

        Raises InvalidArguments (they have no JSON form), IdempotencyKeyRequired, IdempotencyKeyReused, InvalidParameter
        (a key that is empty or over 255 characters), QueueFull, TooManyJobs, StoreUnavailable. When this returns, the job is
        durable.

        With `within`, a connection of the caller's, it is so once the transaction open there is committed, of which nobody
        tells us: no event is emitted. Raises ConfigurationError for a connection that cannot be meant, too; and for an
        operation whose requests are not stored.
        """
        if not operation.durable:
            raise ConfigurationError(f"Requests for {operation.name!r} are not stored (durable=False), so there is no job: use send().")
        check_key(operation, idempotency_key)
        async with Inputs(self._blobs, operation.parameters, arguments) as inputs:
            limited = owner != OPERATOR
            submission = Submission(
                id=new_job_id(),
                owner=owner,
                operation=operation.name,
                arguments=operation.parameters.encode(inputs.arguments),
                max_attempts=operation.max_attempts,
                timeout=operation.timeout,
                ttl=operation.ttl,
                queue_bound=operation.queue_bound,
                total_queue_bound=self._room.max_queued,
                in_flight_bound=operation.max_in_flight if limited else None,
                total_in_flight_bound=self._room.max_in_flight if limited else None,
                delay=delay,
                idempotency_key=idempotency_key,
                fingerprint=_fingerprint(operation, inputs.arguments, webhook_url) if idempotency_key is not None else b"",
                blobs=inputs.keys,
                webhook_url=webhook_url,
                traceparent=traceparent,
            )
            submitted = await self._store_in_turn(submission, within, wait_for_room)
            inputs.replayed = submitted.replayed
        if within is None:
            self._telemetry.emit("job.replayed" if submitted.replayed else "job.accepted", job=submitted.job)
        return submitted

    async def _store_in_turn(self, submission: Submission, within: object, patience: float) -> Submitted:
        """Store it, or wait for room. Raises NoRoom that says when to come back."""
        operation, owner = submission.operation, submission.owner
        try:
            return await self._room.found(
                lambda: self._store.submit(submission, within), operation=operation, owner=owner, patience=patience
            )
        except NoRoom as refused:
            refused.retry_after = await self._room.retry_after(operation, refused, await self.typical_duration(operation))
            raise

    async def get(self, job_id: str, viewer: Viewer) -> JobRecord:
        """The job as it is now. Raises JobNotFound (unknown, malformed, or another owner's) or JobExpired."""
        return _present(await self._store.get(job_id, viewer) if is_job_id(job_id) else None)

    async def wait(self, job_id: str, viewer: Viewer, *, beyond: int | None = None, timeout: float | None = None) -> JobRecord:
        """The job once it has ended, or, with `beyond`, once its version is another; after `timeout` seconds as it is.

        However many wait, they share one look at the store. Raises JobNotFound or JobExpired.
        """
        if not is_job_id(job_id):
            raise JobNotFound
        loop = asyncio.get_running_loop()
        ends = math.inf if timeout is None else loop.time() + timeout
        with self._lookout.watching(job_id) as watched:
            while True:
                job = await self.get(job_id, viewer)
                if job.status.terminal or (beyond is not None and job.version != beyond) or loop.time() >= ends:
                    return job
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(None if timeout is None else ends):
                        await watched.until(partial(_worth_a_look, beyond))

    async def result(self, job_id: str, viewer: Viewer) -> Result:
        """What the job returned, JSON bodies whole.

        Raises ResultNotReady, JobFailed, JobCancelled; JobNotFound or JobExpired.
        """
        return await self.result_of(await self.get(job_id, viewer), viewer)

    async def result_of(self, job: JobRecord, viewer: Viewer) -> Result:
        """What this job, as it was found, returned. Raises as `result` does."""
        match job.status:
            case Status.COMPLETED:
                result = job.result if job.result and job.result.complete else await self._store.result(job.id, viewer)
                if result is None:  # pruned between the two looks
                    raise JobExpired
                return result
            case Status.FAILED:
                assert job.error is not None
                raise JobFailed(job.error)
            case Status.CANCELLED:
                raise JobCancelled
            case _:
                raise ResultNotReady(retry_after=(await self.outlook(job)).retry_after())

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

    async def outlook(self, job: JobRecord, ahead: int | None = None) -> Outlook:
        """When a job that has not ended may be worth another look, and when it may be done. Nothing, where the store is away just now.

        `ahead` are the jobs before it in the queue, where they were counted just now.
        """
        try:
            return await self._outlook(job, ahead)
        except StoreUnavailable:  # the job is known already: one that was stored must not look as if it were not
            return Outlook()

    async def _outlook(self, job: JobRecord, ahead: int | None) -> Outlook:
        if job.status is Status.CANCELLING:  # it ends when its run has stopped, and nobody knows when that will be
            return Outlook()
        typical = await self.typical_duration(job.operation)
        now = self._clock.now()
        position = ahead
        if position is None and job.status is Status.QUEUED:
            position = await self._insight.position(job.id)
        left = None
        if job.status is Status.RUNNING and job.started_at is not None:
            fraction = job.progress.percent / 100 if job.progress.percent is not None else None
            left = remaining(elapsed=now - job.started_at, fraction=fraction, typical=typical)
        elif typical is not None:
            in_line = waiting(position, typical, await self._running(job.operation)) if position else 0.0
            left = max(0.0, job.not_before - now) + in_line + typical
        return Outlook(left, None if left is None else now + left, position)

    async def typical_duration(self, operation: str) -> float | None:
        """Seconds a run of the operation usually takes; None where nothing says so."""
        registered = self._registry.find(operation)
        return typical_duration(registered.estimate if registered else None, await self.durations(operation))

    async def _running(self, operation: str) -> int:
        """Runs of the operation under way, as counted within the last seconds."""
        read_at, depths = self._depths
        if self._clock.monotonic() - read_at > _DEPTHS_KEPT:
            depths = await self._insight.depths()
            self._depths = (self._clock.monotonic(), depths)
        return depths.get(operation, Depth()).running

    async def durations(self, operation: str) -> Sequence[float]:
        """Seconds the last completed runs took, as read within the last few seconds."""
        read_at, durations = self._durations.get(operation, (-math.inf, ()))
        if self._clock.monotonic() - read_at > _DURATIONS_KEPT:
            durations = await self._insight.durations(operation)
            self._durations[operation] = (self._clock.monotonic(), durations)
        return durations


def check_key(operation: Operation[..., object], key: str | None) -> None:
    """Let a request with this key go on. Raises IdempotencyKeyRequired; InvalidParameter for one that cannot be kept."""
    if key is None and operation.idempotency_key_required:
        raise IdempotencyKeyRequired
    if key is not None and not (1 <= len(key) <= _MAX_KEY and key.isprintable()):
        raise InvalidParameter(f"An Idempotency-Key has 1 to {_MAX_KEY} printable characters.")


def _fingerprint(operation: Operation[..., object], arguments: Mapping[str, Any], webhook_url: str | None) -> bytes:
    """What an idempotency key is bound to."""
    found = operation.parameters.fingerprint(arguments)
    return found if webhook_url is None else hashlib.sha256(found + webhook_url.encode()).digest()


def _present(found: JobRecord | Tombstone | None) -> JobRecord:
    match found:
        case None:
            raise JobNotFound
        case Tombstone():
            raise JobExpired
        case JobRecord():
            return found


def _worth_a_look(beyond: int | None, standing: Standing | None) -> bool:
    """Whether a job may be what somebody waits for: it ended, or is another version than `beyond`, or is no more."""
    return standing is None or standing.ended or (beyond is not None and standing.version != beyond)
