"""What must be true of every job's history, whatever was killed, frozen or cut off on the way.

violations(job, events)      what is wrong with one history, in sentences
check_store(store, …)        raises AssertionError unless all is well with a store on this event loop
check_file(file, …)          the same for a SQLite file that nobody else need have open, its integrity included
"""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import apsw

from coatcheck.clock import SystemClock
from coatcheck.domain.event import Event, EventType
from coatcheck.domain.job import JobRecord
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.state import Status, Verb, transition
from coatcheck.settings import Settings
from coatcheck.store.contract import Listing
from coatcheck.store.sqlite.store import SQLiteStore
from coatcheck.telemetry import Telemetry

ALL_EVENTS = 1_000_000

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


def violations(job: JobRecord, events: Sequence[Event]) -> list[str]:
    """What is wrong with the history of a job; nothing, if all is well. Its old notes must not have been trimmed."""
    return [*_numbering(job, events), *_transitions(job, events), *_lives(events), *_writers(events), *_record(job, events)]


def _numbering(job: JobRecord, events: Sequence[Event]) -> Iterator[str]:
    numbers = [event.seq for event in events]
    if numbers != list(range(1, len(events) + 1)):
        yield f"event numbers have gaps or repeat: {numbers}"
    if job.last_event != len(events):
        yield f"the record counts {job.last_event} events, and there are {len(events)}"


def _transitions(job: JobRecord, events: Sequence[Event]) -> Iterator[str]:
    """Fold the events by the domain's table."""
    if not events or events[0].type is not EventType.ACCEPTED or events[0].status is not Status.QUEUED:
        yield "the history does not begin with a queued job that was accepted"
        return
    status = Status.QUEUED
    for event in events[1:]:
        if event.type.prunable:
            if not status.held or event.status is not status:
                yield f"{event.seq}: a run said something while the job was {status}, and the event says {event.status}"
            continue
        if event.status not in {transition(status, verb) for verb in VERBS.get(event.type, ())}:
            yield f"{event.seq}: no verb leads from {status} to {event.status} by {event.type}"
        status = event.status
    if job.status is not status:
        yield f"the record is {job.status}, and the events lead to {status}"


def _lives(events: Sequence[Event]) -> Iterator[str]:
    """One terminal event a life, and it is the last."""
    for event, following in pairwise(events):
        if event.type.terminal and following.type is not EventType.RETRIED:
            yield f"{event.seq}: the life ended by {event.type}, and then came {following.type}"


def _writers(events: Sequence[Event]) -> Iterator[str]:
    """Whatever a run wrote, the run that was started last wrote it: a stale one never does."""
    worker, attempt = None, 0
    for event in events:
        if event.type is EventType.STARTED:
            if event.attempt != attempt + 1:
                yield f"{event.seq}: attempt {event.attempt} follows attempt {attempt}"
            worker, attempt = event.worker, event.attempt
        elif event.actor == "worker" and (event.worker, event.attempt) != (worker, attempt):
            yield f"{event.seq}: {event.type} by {event.worker} in attempt {event.attempt}, while {worker} held attempt {attempt}"


def _record(job: JobRecord, events: Sequence[Event]) -> Iterator[str]:
    starts = sum(event.type is EventType.STARTED for event in events)
    if (job.attempt, job.fence) != (starts, starts):
        yield f"{starts} starts, and the record says attempt {job.attempt} under fence {job.fence}"
    if (job.completed_at is not None) != job.status.terminal or (job.expires_at is not None) != job.status.terminal:
        yield f"{job.status} with completed_at={job.completed_at} and expires_at={job.expires_at}"
    if (job.error is not None) != (job.status is Status.FAILED):
        yield f"{job.status} with error={job.error}"
    if (job.result is not None) != (job.status is Status.COMPLETED):
        yield f"{job.status} with result={job.result}"
    if (job.worker is not None) != job.status.held:
        yield f"{job.status} held by {job.worker}"


async def check_store(store: SQLiteStore, *, acknowledged: Collection[str] = (), ended: bool = True) -> list[JobRecord]:
    """Check every job of the store; they, oldest first.

    `acknowledged` are ids that a client was given: each must be there. With `ended`, no job may be under way.
    """
    jobs = []
    found: list[str] = []
    for listed in await _all(store):
        job = await store.get(listed.id, SYSTEM)
        assert isinstance(job, JobRecord), f"{listed.id} was listed and is {job}"
        jobs.append(job)
        found += [f"{job.id}: {wrong}" for wrong in violations(job, await store.events(job.id, SYSTEM, limit=ALL_EVENTS))]
        if ended and not job.status.terminal:
            found.append(f"{job.id}: has not ended but is {job.status}")
    found += [f"{lost}: was acknowledged and is lost" for lost in set(acknowledged) - {job.id for job in jobs}]
    found += _depths(jobs, {name: (depth.queued, depth.running) for name, depth in (await store.depths()).items()})
    assert not found, "\n".join(found)
    return jobs[::-1]


def check_file(file: Path, *, acknowledged: Collection[str] = (), ended: bool = True) -> list[JobRecord]:
    """Check a store's file and every job in it; they, oldest first."""

    async def check() -> list[JobRecord]:
        store = SQLiteStore(Settings(store=f"sqlite:///{file}", durability="process"), SystemClock(), Telemetry())
        await store.open()
        try:
            return await check_store(store, acknowledged=acknowledged, ended=ended)
        finally:
            await store.close()

    jobs = asyncio.run(check())
    db = apsw.Connection(str(file))
    assert db.pragma("integrity_check") == "ok"
    db.close()
    return jobs


async def _all(store: SQLiteStore) -> list[JobRecord]:
    jobs: list[JobRecord] = []
    while page := await store.list(SYSTEM, Listing(before=jobs[-1].id if jobs else None, limit=500)):
        jobs += page
    return jobs


def _depths(jobs: Sequence[JobRecord], counted: dict[str, tuple[int, int]]) -> Iterator[str]:
    for operation in {job.operation for job in jobs} | counted.keys():
        own = [job.status for job in jobs if job.operation == operation]
        actual = (own.count(Status.QUEUED), sum(status.held for status in own))
        if counted.get(operation, (0, 0)) != actual:
            yield f"{operation}: {actual} jobs queued and running, counted as {counted.get(operation)}"
