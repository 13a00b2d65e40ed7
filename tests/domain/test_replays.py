"""A job as it was, told by its history."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from coatcheck.domain.event import Event, EventType
from coatcheck.domain.job import JobRecord
from coatcheck.domain.problem import operation_failed
from coatcheck.domain.progress import Progress
from coatcheck.domain.replay import replay
from coatcheck.domain.result import Result
from coatcheck.domain.state import Status

RESULT = Result(media_type="application/json", size=1, digest="d", body=b"1")
PROBLEM = operation_failed("ValueError", "no such month")
JOB = JobRecord(
    id="j",
    owner="ann",
    operation="report",
    status=Status.COMPLETED,
    version=9,
    last_event=9,
    created_at=1.0,
    not_before=1.0,
    attempt=2,
    started_at=6.0,
    completed_at=9.0,
    expires_at=109.0,
    progress=Progress(percent=100, message="done"),
    result=RESULT,
)


def event(type: EventType, seq: int, status: Status, attempt: int = 1, data: Any = None) -> Event:
    """At the moment that is its number."""
    body = None if data is None else msgspec.json.encode(data)
    return Event(seq=seq, type=type, at=float(seq), status=status, attempt=attempt, actor="worker", data=body)


LIFE = [
    event(EventType.ACCEPTED, 1, Status.QUEUED, 0),
    event(EventType.STARTED, 2, Status.RUNNING),
    event(EventType.PROGRESS, 3, Status.RUNNING, data=Progress(percent=40, message="half")),
    event(EventType.FAILED, 4, Status.FAILED, data=PROBLEM),
    event(EventType.RETRIED, 5, Status.QUEUED),
    event(EventType.STARTED, 6, Status.RUNNING, 2),
    event(EventType.LOG, 7, Status.RUNNING, 2, data={"level": "info", "message": "line", "at": 7.0}),
    event(EventType.PROGRESS, 8, Status.RUNNING, 2, data=Progress(percent=99, message="done")),
    event(EventType.COMPLETED, 9, Status.COMPLETED, 2),
]


def states(job: JobRecord, events: list[Event]) -> list[JobRecord]:
    return [was for _, was in replay(job, events)]


def test_the_last_state_is_what_the_job_is() -> None:
    assert replace(states(JOB, LIFE)[-1], version=JOB.version) == JOB


def test_each_state_has_its_event_s_number_status_and_attempt() -> None:
    for event, was in replay(JOB, LIFE):
        assert (was.last_event, was.status, was.attempt) == (event.seq, event.status, event.attempt)


def test_nothing_of_what_came_later_is_told() -> None:
    accepted, started, half, failed, retried, again, *_ = states(JOB, LIFE)
    assert accepted.started_at is None
    assert (started.started_at, started.progress, started.result) == (2.0, Progress(), None)
    assert half.progress == Progress(percent=40, message="half")
    assert (failed.error, failed.completed_at, failed.expires_at) == (PROBLEM, 4.0, None)  # how long it was to be kept, nobody knows
    assert (retried.error, retried.completed_at, retried.progress, retried.started_at) == (None, None, Progress(), 2.0)
    assert (again.started_at, again.result) == (6.0, None)


def test_a_log_line_changes_nothing_but_the_number() -> None:
    *_, again, log, _, _ = states(JOB, LIFE)
    assert replace(log, last_event=again.last_event) == again


def test_progress_that_was_pruned_is_not_missed() -> None:
    """The audit trail never is; of progress and log lines the oldest go."""
    trail = [event for event in LIFE if not event.type.prunable]
    *_, completed = states(JOB, trail)
    assert (completed.status, completed.result, completed.progress) == (Status.COMPLETED, RESULT, Progress(percent=100))


def test_progress_without_data_is_none_at_all() -> None:
    [was] = states(JOB, [event(EventType.PROGRESS, 1, Status.RUNNING)])
    assert was.progress == Progress()


@pytest.mark.parametrize("asked", [True, False])
def test_a_cancelled_job_was_asked_to_stop(*, asked: bool) -> None:
    """When that was asked, or, of a job that only waited, at its end."""
    asking = [event(EventType.CANCEL_REQUESTED, 2, Status.CANCELLING)] if asked else []
    job = replace(JOB, status=Status.CANCELLED, result=None, completed_at=3.0, expires_at=103.0)
    *before, was = states(job, [*asking, event(EventType.CANCELLED, 3, Status.CANCELLED)])
    assert [state.cancel_requested_at for state in before] == [2.0] * asked
    assert (was.cancel_requested_at, was.completed_at, was.expires_at) == (2.0 if asked else 3.0, 3.0, 103.0)


def test_a_failure_without_a_problem_of_its_own_has_the_job_s() -> None:
    job = replace(JOB, status=Status.FAILED, result=None, error=PROBLEM)
    [was] = states(job, [event(EventType.FAILED, 9, Status.FAILED)])
    assert was.error == PROBLEM


def test_pauses_leave_the_job_waiting() -> None:
    """Of a failed attempt, of a worker that went, and of one that was lost."""
    kinds = (EventType.ATTEMPT_FAILED, EventType.RELEASED, EventType.RESCUED)
    for was in states(JOB, [event(kind, seq, Status.QUEUED) for seq, kind in enumerate(kinds, 1)]):
        assert (was.status, was.completed_at, was.result, was.error) == (Status.QUEUED, None, None, None)
