"""What a job was, as its history tells it."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec.structs import replace

from coatcheck.domain.event import Event, EventType
from coatcheck.domain.job import JobRecord
from coatcheck.domain.problem import Problem
from coatcheck.domain.progress import Progress

_FRESH: dict[str, Any] = {
    "started_at": None,
    "completed_at": None,
    "expires_at": None,
    "cancel_requested_at": None,
    "progress": Progress(),
    "result": None,
    "error": None,
}
"""What is told of a life in which nothing has happened yet."""


def replay(job: JobRecord, events: Iterable[Event]) -> Iterator[tuple[Event, JobRecord]]:
    """Each event, and the job as it was once that had happened.

    `events` begin with the first there is; of progress and log events any may be missing, as the oldest are pruned. `job` is
    the job as it is at least since the last of them. Of the past it is not known what `not_before` was, nor fence and failures:
    they stay as in `job`.
    """
    was = unbegun(job)
    for event in events:
        was = after(event, was, job)
        yield event, was


def unbegun(job: JobRecord) -> JobRecord:
    """The job before anything happened to it."""
    return replace(job, **_FRESH)


def after(event: Event, was: JobRecord, job: JobRecord) -> JobRecord:
    """The job once `event` had happened, which `was` so before and is `job` now."""
    changed = replace(was, status=event.status, attempt=event.attempt, last_event=event.seq, **_told(event, was, job))
    return changed if event.type.prunable else replace(changed, not_before=job.not_before)


def _told(event: Event, was: JobRecord, job: JobRecord) -> dict[str, Any]:
    """What an event changes of a job, beside its status and attempt."""
    told: dict[str, Any] = {}
    match event.type:
        case EventType.STARTED:
            told = {"started_at": event.at, "progress": Progress(), "cancel_requested_at": None}
        case EventType.RETRIED:
            told = _FRESH | {"started_at": was.started_at}
        case EventType.PROGRESS:
            told = {"progress": msgspec.json.decode(event.data or b"{}", type=Progress)}
        case EventType.CANCEL_REQUESTED:
            told = {"cancel_requested_at": event.at}
        case EventType.COMPLETED:
            told = {"progress": replace(was.progress, percent=100), "result": job.result}
        case EventType.FAILED:
            told = {"error": msgspec.json.decode(event.data, type=Problem) if event.data else job.error}
        case EventType.CANCELLED:
            told = {"cancel_requested_at": was.cancel_requested_at or event.at}
    if event.type.terminal:
        told |= {"completed_at": event.at, "expires_at": job.expires_at if event.at == job.completed_at else None}
    return told
