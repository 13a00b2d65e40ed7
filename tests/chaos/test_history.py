"""The checker of histories, on histories that are bad: it would be worth nothing if it passed them."""

from typing import Any

import msgspec
import pytest

from chaos.history import violations
from chaos.violation import Rule
from coatcheck.domain.event import Event, EventType
from coatcheck.domain.job import JobRecord
from coatcheck.domain.problem import worker_lost
from coatcheck.domain.result import Result
from coatcheck.domain.state import Status

RESULT = Result(media_type="application/json", size=4, digest="00", body=b"null")
PROBLEM = worker_lost(3)


def event(seq: int, type: EventType, status: Status, attempt: int = 0, worker: str | None = None) -> Event:
    return Event(seq=seq, type=type, at=0.0, status=status, attempt=attempt, actor="worker" if worker else "everyone", worker=worker)


def job(events: list[Event], **differing: Any) -> JobRecord:
    """The record that belongs to these events, but for what differs."""
    last = [event for event in events if not event.type.prunable][-1].status
    starts = sum(event.type is EventType.STARTED for event in events)
    record = JobRecord(
        id="1",
        owner="everyone",
        operation="echo",
        status=last,
        version=9,
        last_event=len(events),
        created_at=0.0,
        not_before=0.0,
        completed_at=1.0 if last.terminal else None,
        expires_at=2.0 if last.terminal else None,
        attempt=starts,
        fence=starts,
        worker="b" if last.held else None,
        result=RESULT if last is Status.COMPLETED else None,
        error=PROBLEM if last is Status.FAILED else None,
    )
    return msgspec.structs.replace(record, **differing)


ACCEPTED = event(1, EventType.ACCEPTED, Status.QUEUED)
STARTED = event(2, EventType.STARTED, Status.RUNNING, 1, "a")
GOOD = [
    ACCEPTED,
    STARTED,
    event(3, EventType.PROGRESS, Status.RUNNING, 1, "a"),
    event(4, EventType.RESCUED, Status.QUEUED, 1),
    event(5, EventType.STARTED, Status.RUNNING, 2, "b"),
    event(6, EventType.CANCEL_REQUESTED, Status.CANCELLING, 2),
    event(7, EventType.CANCELLED, Status.CANCELLED, 2, "b"),
    event(8, EventType.RETRIED, Status.QUEUED, 2),
    event(9, EventType.STARTED, Status.RUNNING, 3, "b"),
    event(10, EventType.COMPLETED, Status.COMPLETED, 3, "b"),
]  # fmt: skip


def test_a_good_history_has_no_violations() -> None:
    last = b'{"attempt":3,"fence":3}'
    assert violations(job(GOOD), GOOD, result=last, checkpoint=last) == []


def test_bytes_that_name_no_fence_are_nobodys_in_particular() -> None:
    for body in (b"\x00PDF", b"[1]", b'{"fence":"none"}', b"null"):
        assert violations(job(GOOD), GOOD, result=body) == []


BAD: dict[str, tuple[list[Event], Rule]] = {
    "a gap": ([*GOOD[:2], *GOOD[3:]], Rule.NUMBERS),
    "an event twice": ([*GOOD[:3], GOOD[2], *GOOD[3:]], Rule.NUMBERS),
    "an attempt left out": ([ACCEPTED, event(2, EventType.STARTED, Status.RUNNING, 2, "b")], Rule.NUMBERS),
    "no beginning": ([event(1, EventType.STARTED, Status.RUNNING, 1, "b")], Rule.TRANSITION),
    "a start of what runs": ([ACCEPTED, STARTED, event(3, EventType.STARTED, Status.RUNNING, 2, "b")], Rule.TRANSITION),
    "a rescue of what was asked to stop": (
        [
            ACCEPTED,
            STARTED,
            event(3, EventType.CANCEL_REQUESTED, Status.CANCELLING, 1),
            event(4, EventType.RESCUED, Status.QUEUED, 1),
        ],
        Rule.TRANSITION,
    ),
    "a word of what does not run": ([ACCEPTED, event(2, EventType.PROGRESS, Status.QUEUED, 0)], Rule.TRANSITION),
    "a word after the end": (
        [ACCEPTED, STARTED, event(3, EventType.RESCUED, Status.QUEUED, 1), event(4, EventType.LOG, Status.RUNNING, 1, "a")],
        Rule.TRANSITION,
    ),
    "two endings": (
        [ACCEPTED, event(2, EventType.CANCELLED, Status.CANCELLED), event(3, EventType.CANCELLED, Status.CANCELLED)],
        Rule.ENDINGS,
    ),
    "a stale worker's ending": (
        [*GOOD[:5], event(6, EventType.COMPLETED, Status.COMPLETED, 2, "a")],
        Rule.WRITER,
    ),
    "a stale attempt's progress": ([*GOOD[:5], event(6, EventType.PROGRESS, Status.RUNNING, 1, "b")], Rule.WRITER),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_history_is_found_out_by_one_rule(name: str) -> None:
    events, rule = BAD[name]
    assert {violation.rule for violation in violations(job(events), events)} == {rule}


def test_two_different_endings_are_found_out() -> None:
    events = [*GOOD, event(11, EventType.FAILED, Status.FAILED, 3, "b")]
    assert Rule.ENDINGS in {violation.rule for violation in violations(job(events), events)}


WRONG: dict[str, dict[str, Any]] = {
    "status": {"status": Status.FAILED, "error": PROBLEM, "result": None},
    "attempt": {"attempt": 4},
    "fence": {"fence": 2},
    "no moment": {"completed_at": None},
    "no expiry": {"expires_at": None},
    "no result": {"result": None},
    "an error": {"error": PROBLEM},
    "a worker": {"worker": "b"},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_record_that_does_not_fit_its_history_is_found_out(name: str) -> None:
    found = violations(job(GOOD, **WRONG[name]), GOOD)
    assert {violation.rule for violation in found} == {Rule.RECORD}


def test_a_record_that_counts_other_events_is_found_out() -> None:
    assert {violation.rule for violation in violations(job(GOOD, last_event=11), GOOD)} == {Rule.NUMBERS}


@pytest.mark.parametrize(("what", "rule"), [("result", Rule.RESULT), ("checkpoint", Rule.WRITER)])
def test_what_an_earlier_attempt_returned_or_kept_is_found_out(what: str, rule: Rule) -> None:
    """The zombie's own: its events may look right, where the worker that lost the job was the first to claim it again."""
    stale = {what: msgspec.json.encode({"attempt": 2, "fence": 2})}
    assert {violation.rule for violation in violations(job(GOOD), GOOD, **stale)} == {rule}
