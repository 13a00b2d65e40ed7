"""What clients saw, and what contradicts it."""

from typing import Any

from chaos.violation import Rule
from chaos.witness import Witness
from coatcheck.domain.job import JobRecord
from coatcheck.domain.state import Status


def shown(status: str, attempt: int = 1, **more: Any) -> dict[str, Any]:
    return {"jobId": "1", "status": status, "attempt": attempt, **more}


def rules(witness: Witness) -> list[Rule]:
    return [violation.rule for violation in witness.violations]


def test_a_job_that_ends_once_is_fine() -> None:
    witness = Witness()
    assert [witness.see(shown(status)) for status in ("queued", "running", "cancelling", "completed", "completed")] == [False] * 3 + [
        True
    ] * 2
    assert rules(witness) == []


def test_an_ending_that_changes_is_noted() -> None:
    for later in (shown("running"), shown("failed"), shown("completed", result={"fence": 2}), shown("completed", attempt=2)):
        witness = Witness()
        witness.see(shown("completed"))
        witness.see(later)
        assert rules(witness) == [Rule.CHANGED]


def test_a_retried_job_may_end_in_another_way() -> None:
    witness = Witness()
    witness.see(shown("failed"))
    witness.forget("1")
    witness.see(shown("completed", attempt=2))
    assert rules(witness) == []


def test_a_key_that_leads_to_two_jobs_is_noted() -> None:
    witness = Witness()
    witness.acknowledge("key", "1")
    witness.acknowledge("key", "1")
    assert rules(witness) == []
    witness.acknowledge("key", "2")
    assert rules(witness) == [Rule.KEY]
    assert witness.acknowledged == {"1"}


def test_a_job_that_nobody_was_promised_is_noted() -> None:
    """The answer to its request got lost, and the request that was sent again made another one."""
    witness = Witness()
    witness.acknowledge("key", "1")
    jobs = [
        JobRecord(id=job_id, owner="everyone", operation="nap", status=Status.QUEUED, version=1, last_event=1, created_at=0, not_before=0)
        for job_id in ("1", "2")
    ]
    assert [(violation.rule, violation.job) for violation in witness.strangers(jobs)] == [(Rule.KEY, "2")]


def test_a_wrong_answer_is_noted() -> None:
    witness = Witness()
    witness.complain("GET /jobs/1 was answered 500")
    assert rules(witness) == [Rule.ANSWER]
