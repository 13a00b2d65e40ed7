"""What must be true of a job's history, whatever was killed, frozen or cut off on the way."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from chaos.violation import Rule, Violation
from coatcheck.domain.event import Event, EventType
from coatcheck.domain.job import JobRecord
from coatcheck.domain.state import Status, Verb, transition

VERBS: dict[EventType, tuple[Verb, ...]] = {
    EventType.STARTED: (Verb.CLAIM,),
    EventType.CANCEL_REQUESTED: (Verb.CANCEL,),
    EventType.ATTEMPT_FAILED: (Verb.RESCHEDULE,),
    EventType.RELEASED: (Verb.RELEASE,),
    EventType.RESCUED: (Verb.RESCUE,),
    EventType.RETRIED: (Verb.RETRY,),
    EventType.COMPLETED: (Verb.COMPLETE,),
    EventType.FAILED: (Verb.FAIL,),
    EventType.CANCELLED: (Verb.CANCEL, Verb.FAIL, Verb.RESCHEDULE, Verb.RELEASE, Verb.RESCUE),
}
"""Which verbs an event may tell of. Progress and log lines tell of none."""

Found = Iterator[tuple[Rule, str]]


def violations(job: JobRecord, events: Sequence[Event], *, result: bytes | None = None, checkpoint: bytes | None = None) -> list[Violation]:
    """What is wrong with the history of a job; nothing, if all is well. Its old notes must not have been trimmed.

    `result` is the body of what it returned, `checkpoint` what its last attempt kept, both JSON. Where these say which
    `fence` wrote them, it must be that of the attempt that completed the job.
    """
    found = (
        *_numbers(job, events),
        *_transitions(job, events),
        *_endings(events),
        *_writers(events),
        *_record(job, events),
        *_fences(job, result, checkpoint),
    )
    return [Violation(rule, said, job.id) for rule, said in found]


def _numbers(job: JobRecord, events: Sequence[Event]) -> Found:
    numbers = [event.seq for event in events]
    if numbers != list(range(1, len(events) + 1)):
        yield Rule.NUMBERS, f"event numbers have gaps or repeat: {numbers}"
    if job.last_event != len(events):
        yield Rule.NUMBERS, f"the record counts {job.last_event} events, and there are {len(events)}"
    attempts = [event.attempt for event in events if event.type is EventType.STARTED]
    if attempts != list(range(1, len(attempts) + 1)):
        yield Rule.NUMBERS, f"attempts have gaps or repeat: {attempts}"


def _transitions(job: JobRecord, events: Sequence[Event]) -> Found:
    """Fold the events by the domain's table."""
    if not events or events[0].type is not EventType.ACCEPTED or events[0].status is not Status.QUEUED:
        yield Rule.TRANSITION, "the history does not begin with a queued job that was accepted"
        return
    status = Status.QUEUED
    for event in events[1:]:
        if event.type.prunable:
            if not status.held or event.status is not status:
                yield Rule.TRANSITION, f"{event.seq}: a run said something while the job was {status}, and the event says {event.status}"
            continue
        if event.status not in {transition(status, verb) for verb in VERBS.get(event.type, ())}:
            yield Rule.TRANSITION, f"{event.seq}: no verb leads from {status} to {event.status} by {event.type}"
        status = event.status
    if job.status is not status:
        yield Rule.RECORD, f"the record is {job.status}, and the events lead to {status}"


def _endings(events: Sequence[Event]) -> Found:
    """One terminal event a life, and it is the last."""
    for event, following in pairwise(events):
        if event.type.terminal and following.type is not EventType.RETRIED:
            yield Rule.ENDINGS, f"{event.seq}: the life ended by {event.type}, and then came {following.type}"


def _writers(events: Sequence[Event]) -> Found:
    """Whatever a run wrote, the run that was started last wrote it: a stale one never does."""
    worker, attempt = None, 0
    for event in events:
        if event.type is EventType.STARTED:
            worker, attempt = event.worker, event.attempt
        elif event.actor == "worker" and (event.worker, event.attempt) != (worker, attempt):
            said = f"{event.seq}: {event.type} by {event.worker} in attempt {event.attempt}, while {worker} held attempt {attempt}"
            yield Rule.WRITER, said


def _record(job: JobRecord, events: Sequence[Event]) -> Found:
    starts = sum(event.type is EventType.STARTED for event in events)
    if (job.attempt, job.fence) != (starts, starts):
        yield Rule.RECORD, f"{starts} starts, and the record says attempt {job.attempt} under fence {job.fence}"
    if (job.completed_at is not None) != job.status.terminal or (job.expires_at is not None) != job.status.terminal:
        yield Rule.RECORD, f"{job.status} with completed_at={job.completed_at} and expires_at={job.expires_at}"
    if (job.error is not None) != (job.status is Status.FAILED):
        yield Rule.RECORD, f"{job.status} with error={job.error}"
    if (job.result is not None) != (job.status is Status.COMPLETED):
        yield Rule.RECORD, f"{job.status} with result={job.result}"
    if (job.worker is not None) != job.status.held:
        yield Rule.RECORD, f"{job.status} held by {job.worker}"


def _fences(job: JobRecord, result: bytes | None, checkpoint: bytes | None) -> Found:
    if job.status is not Status.COMPLETED:
        return
    for rule, what, body in ((Rule.RESULT, "result", result), (Rule.WRITER, "checkpoint", checkpoint)):
        fence = _fence(body)
        if fence is not None and fence != job.fence:
            yield rule, f"the {what} is that of fence {fence}, and the attempt that completed the job had {job.fence}"


def _fence(body: bytes | None) -> int | None:
    """The `fence` that a JSON object names."""
    try:
        value = msgspec.json.decode(body or b"null")
    except msgspec.DecodeError:
        return None
    fence = value.get("fence") if isinstance(value, dict) else None
    return fence if isinstance(fence, int) else None
