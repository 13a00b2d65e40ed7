"""Records, claims, events and owners: values that answer questions about themselves."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coatcheck.domain.claim import Claim, Heartbeat
from coatcheck.domain.event import Event, EventType
from coatcheck.domain.job import JobRecord, Submission
from coatcheck.domain.owner import EVERYONE, SYSTEM, sees
from coatcheck.domain.result import Result
from coatcheck.domain.state import Status

JOB = JobRecord(
    id="j",
    owner="ann",
    operation="report",
    status=Status.RUNNING,
    version=4,
    last_event=2,
    created_at=1.0,
    not_before=1.0,
    attempt=3,
    fence=9,
)


def test_a_claim_knows_its_job_and_attempt_and_has_a_fence_of_its_own() -> None:
    """The fence is no attempt number: it only ever rises, while attempts are shown to people."""
    claim = Claim(job=JOB, worker="w", fence=JOB.fence, arguments=b"{}")
    assert (claim.job_id, claim.attempt, claim.fence) == ("j", 3, 9)


def test_a_heartbeat_says_nothing_by_default() -> None:
    assert Heartbeat() == Heartbeat(frozenset(), frozenset())


@pytest.mark.parametrize(
    "value", [JOB, Heartbeat(), Event(seq=1, type=EventType.ACCEPTED, at=1.0, status=Status.QUEUED, attempt=0, actor="ann")]
)
def test_values_are_frozen(value: msgspec.Struct) -> None:
    with pytest.raises(AttributeError):
        setattr(value, value.__struct_fields__[0], "other")


def test_one_event_ends_a_life_and_is_named_as_the_status_it_leads_to() -> None:
    assert {event.value for event in EventType if event.terminal} == {status.value for status in Status if status.terminal}


def test_what_makes_room_for_new_events_is_never_a_transition() -> None:
    assert {event for event in EventType if event.prunable} == {EventType.PROGRESS, EventType.LOG}


@given(viewer=st.text(), owner=st.text())
def test_an_owner_sees_its_own_jobs_and_no_others(viewer: str, owner: str) -> None:
    assert sees(viewer, owner) == (viewer == owner)


@given(owner=st.text())
def test_the_operator_sees_all_jobs_and_no_name_makes_one(owner: str) -> None:
    """An owner who calls itself `system` is an owner like any other."""
    assert sees(SYSTEM, owner)
    assert not sees("system", owner + "x")
    assert not sees("SYSTEM", owner + "x")
    assert not sees(EVERYONE, owner + "x")
    assert repr(SYSTEM) == "SYSTEM"


def test_a_result_is_complete_with_its_bytes_or_where_they_are() -> None:
    facts = Result(media_type="text/csv", size=3, digest="ab")
    assert not facts.complete
    assert msgspec.structs.replace(facts, body=b"a,b").complete
    assert msgspec.structs.replace(facts, blob="0" * 32).complete


def test_a_submission_says_what_job_it_will_be() -> None:
    submission = Submission(
        id="1", owner="ann", operation="report", arguments=b"{}", max_attempts=3, timeout=60, ttl=600, queue_bound=10, delay=5
    )
    job = submission.accepted(100)
    assert (job.id, job.owner, job.operation, job.status) == ("1", "ann", "report", Status.QUEUED)
    assert (job.created_at, job.not_before, job.max_attempts, job.timeout) == (100, 105, 3, 60)
