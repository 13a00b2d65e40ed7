"""From rows to domain values, the same for every SQL backend."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from coatcheck.domain.event import Event, EventType
from coatcheck.domain.job import JobRecord
from coatcheck.domain.owner import SYSTEM, Viewer
from coatcheck.domain.problem import Problem
from coatcheck.domain.progress import Progress
from coatcheck.domain.result import INLINE_LIMIT, Result
from coatcheck.domain.state import Status
from coatcheck.store.insight import Standing

Row = tuple[Any, ...]

JOB_COLUMNS = """jobs.seq, jobs.id, jobs.owner, jobs.operation, jobs.status, jobs.version, jobs.last_event,
    jobs.created_at, jobs.not_before, jobs.started_at, jobs.completed_at, jobs.expires_at, jobs.cancel_requested_at,
    jobs.attempt, jobs.max_attempts, jobs.failures, jobs.crashes, jobs.fence, jobs.timeout, jobs.worker,
    jobs.percent, jobs.message, jobs.current, jobs.total, jobs.unit, jobs.error"""
JOB_WIDTH = JOB_COLUMNS.count(",") + 1


_STATUSES = {status.value: status for status in Status}
_EVENT_TYPES = {kind.value: kind for kind in EventType}


def job_record(row: Row, result: Result | None = None) -> JobRecord:
    """The job in a row that begins with `JOB_COLUMNS`."""
    (
        _, job_id, owner, operation, status, version, last_event,
        created_at, not_before, started_at, completed_at, expires_at, cancel_requested_at,
        attempt, max_attempts, failures, crashes, fence, timeout, worker,
        percent, message, current, total, unit, error,
    ) = row[:JOB_WIDTH]  # fmt: skip
    return JobRecord(
        id=job_id,
        owner=owner,
        operation=operation,
        status=shown(status, cancel_requested=cancel_requested_at is not None),
        version=version,
        last_event=last_event,
        created_at=created_at,
        not_before=not_before,
        started_at=started_at,
        completed_at=completed_at,
        expires_at=expires_at,
        cancel_requested_at=cancel_requested_at,
        attempt=attempt,
        max_attempts=max_attempts,
        failures=failures,
        crashes=crashes,
        fence=fence,
        timeout=timeout,
        worker=worker,
        progress=Progress(percent=percent, message=message, current=whole(current), total=whole(total), unit=unit),
        result=result,
        error=None if error is None else msgspec.json.decode(error, type=Problem),
    )


def whole(number: float | None) -> float | None:
    """Whole numbers stay whole, though a database may keep them as fractions."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def shown(stored: str, *, cancel_requested: bool) -> Status:
    """The status that a stored one stands for."""
    return Status.CANCELLING if cancel_requested and stored == Status.RUNNING else _STATUSES[stored]


def stored(status: Status) -> Status:
    """The status that is stored for `status`."""
    return Status.RUNNING if status is Status.CANCELLING else status


def result_of(row: Row) -> Result | None:
    """The result in the columns media_type, size, digest, blob, filename, body; None where there is none."""
    media_type, size, digest, blob, filename, body = row
    if media_type is None:
        return None
    return Result(media_type=media_type, size=size, digest=digest, blob=blob, filename=filename, body=body)


def inline(result: Result) -> Result:
    """The result as it comes along with a record."""
    if result.body is None or result.size <= INLINE_LIMIT:
        return result
    return msgspec.structs.replace(result, body=None)


def event_of(row: Row) -> Event:
    """The event in a row of `events.sql`."""
    seq, kind, at, status, attempt, actor, worker, reason, data = row
    return Event(
        seq=seq,
        type=_EVENT_TYPES[kind],
        at=at,
        status=_STATUSES[status],
        attempt=attempt,
        actor=actor,
        worker=worker,
        reason=reason,
        data=data,
    )


def standings(rows: Iterable[Row]) -> Mapping[str, Standing]:
    """By job id, from rows of `standing.sql`."""
    return {job_id: Standing(version, _STATUSES[status].terminal) for job_id, version, status in rows}


def owner_filter(viewer: Viewer) -> str | None:
    """What the statements compare a job's owner with; None, which hides nothing, for `SYSTEM` alone."""
    return None if viewer is SYSTEM else viewer
