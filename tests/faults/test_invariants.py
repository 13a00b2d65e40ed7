"""The checker of histories, on histories that are bad: it would be worth nothing if it passed them."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from coatcheck.domain.event import Event, EventType
from coatcheck.domain.job import JobRecord
from coatcheck.domain.problem import worker_lost
from coatcheck.domain.result import Result
from coatcheck.domain.state import Status
from tests.faults.invariants import _depths, violations

RESULT = Result(media_type="application/json", size=4, digest="00", body=b"null")

History = list[Event]


def event(seq: int, type: EventType, status: Status, attempt: int = 0, worker: str | None = None) -> Event:
    return Event(seq=seq, type=type, at=0.0, status=status, attempt=attempt, actor="worker" if worker else "everyone", worker=worker)


GOOD = [
    event(1, EventType.ACCEPTED, Status.QUEUED),
    event(2, EventType.STARTED, Status.RUNNING, 1, "a"),
    event(3, EventType.PROGRESS, Status.RUNNING, 1, "a"),
    event(4, EventType.RESCUED, Status.QUEUED, 1),
    event(5, EventType.STARTED, Status.RUNNING, 2, "b"),
    event(6, EventType.CANCEL_REQUESTED, Status.CANCELLING, 2),
    event(7, EventType.CANCELLED, Status.CANCELLED, 2, "b"),
    event(8, EventType.RETRIED, Status.QUEUED, 2),
    event(9, EventType.STARTED, Status.RUNNING, 3, "b"),
    event(10, EventType.COMPLETED, Status.COMPLETED, 3, "b"),
]
RECORD = JobRecord(
    id="1", owner="everyone", operation="echo", status=Status.COMPLETED, version=9, last_event=10, created_at=0.0, not_before=0.0,
    completed_at=1.0, expires_at=2.0, attempt=3, fence=3, result=RESULT,
)  # fmt: skip


def test_a_good_history_has_no_violations() -> None:
    assert violations(RECORD, GOOD) == []


BAD: dict[str, tuple[Callable[[History], History], str]] = {
    "a gap": (lambda good: [*good[:3], *good[4:]], "gaps or repeat"),
    "an event twice": (lambda good: [*good[:3], good[2], *good[3:]], "gaps or repeat"),
    "no beginning": (lambda good: good[1:], "does not begin"),
    "two terminal events": (lambda good: [*good, event(11, EventType.FAILED, Status.FAILED, 3, "b")], "the life ended by completed"),
    "a word after the end": (lambda good: [*good, event(11, EventType.PROGRESS, Status.RUNNING, 3, "b")], "said something while"),
    "a start of what runs": (lambda good: [*good[:3], event(4, EventType.STARTED, Status.RUNNING, 2, "b")], "no verb leads from running"),
    "a rescue of what was cancelled": (
        lambda good: [*good[:6], event(7, EventType.RESCUED, Status.QUEUED, 2)],
        "no verb leads from cancelling to queued by rescued",
    ),
    "a stale worker's result": (lambda good: [*good[:9], event(10, EventType.COMPLETED, Status.COMPLETED, 1, "a")], "completed by a"),
    "a stale worker's progress": (lambda good: [*good[:5], event(6, EventType.PROGRESS, Status.RUNNING, 1, "a")], "progress by a"),
    "an attempt left out": (lambda good: [*good[:4], event(5, EventType.STARTED, Status.RUNNING, 3, "b")], "attempt 3 follows attempt 1"),
    "another end than the record's": (lambda good: good[:9], "the events lead to running"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_history_is_found_out(name: str) -> None:
    spoil, complaint = BAD[name]
    assert complaint in "\n".join(violations(RECORD, spoil(GOOD)))


WRONG: dict[str, dict[str, Any]] = {
    "status": {"status": Status.QUEUED},
    "last event": {"last_event": 11},
    "attempt": {"attempt": 4},
    "fence": {"fence": 2},
    "no moment": {"completed_at": None},
    "no expiry": {"expires_at": None},
    "no result": {"result": None},
    "an error": {"error": worker_lost(3)},
    "a worker": {"worker": "b"},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_record_that_does_not_fit_its_history_is_found_out(name: str) -> None:
    assert violations(msgspec.structs.replace(RECORD, **WRONG[name]), GOOD)


def test_a_wrong_depth_is_found_out() -> None:
    assert list(_depths([RECORD], {"echo": (0, 0)})) == []
    assert list(_depths([RECORD], {"echo": (1, 0)}))
