"""How an ending becomes an outcome, and an outcome a verb."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coatcheck.domain.outcome import CRASH_LIMIT, Completed, Crashed, Ending, Failed, Outcome, Raised, Released, Rescheduled, decide, verb
from coatcheck.domain.problem import Problem
from coatcheck.domain.result import Result
from coatcheck.domain.retry import Backoff
from coatcheck.domain.state import Status, Verb, transition

PROBLEM = Problem(kind="operation-failed", title="The operation raised ValueError", status=500)
COMPLETED = Completed(Result(media_type="application/json", size=2, digest="0" * 64, body=b"{}"))
RELEASED = Released("shutdown")
CRASHED = Crashed("Its process was killed by SIGSEGV.")

budgets = st.integers(min_value=1, max_value=20)
failures = st.integers(min_value=0, max_value=200)


def decided(ending: Ending, failures: int = 0, max_attempts: int = 1, crashes: int = 0) -> Outcome:
    return decide(ending, failures=failures, crashes=crashes, max_attempts=max_attempts, backoff=Backoff(), random=Random(1))


@pytest.mark.parametrize("ending", [COMPLETED, RELEASED])
@given(failures=failures, max_attempts=budgets)
def test_a_result_or_a_release_stands_whatever_was_before(ending: Ending, failures: int, max_attempts: int) -> None:
    assert decided(ending, failures, max_attempts) is ending


@given(max_attempts=budgets)
def test_a_function_that_always_raises_is_started_exactly_max_attempts_times(max_attempts: int) -> None:
    starts = 1
    while isinstance(decided(Raised(PROBLEM), failures=starts - 1, max_attempts=max_attempts), Rescheduled):
        starts += 1
    assert starts == max_attempts


@given(failures=failures, max_attempts=budgets)
def test_a_final_problem_fails_the_job_with_retries_left(failures: int, max_attempts: int) -> None:
    assert decided(Raised(PROBLEM, final=True), failures, max_attempts) == Failed(PROBLEM)


@given(failures=failures, max_attempts=budgets, after=st.floats(min_value=0, max_value=1e6))
def test_a_delay_that_was_asked_for_is_kept_and_still_uses_up_a_retry(failures: int, max_attempts: int, after: float) -> None:
    expected = Rescheduled(PROBLEM, after) if failures + 1 < max_attempts else Failed(PROBLEM)
    assert decided(Raised(PROBLEM, after=after), failures, max_attempts) == expected


@given(failures=st.integers(min_value=0, max_value=18))
def test_without_one_the_backoff_decides(failures: int) -> None:
    outcome = decided(Raised(PROBLEM), failures, max_attempts=20)
    assert outcome == Rescheduled(PROBLEM, Backoff().delay(failures + 1, Random(1)))


def test_an_explicit_delay_of_nothing_is_not_taken_for_no_delay() -> None:
    assert decided(Raised(PROBLEM, after=0.0), max_attempts=2) == Rescheduled(PROBLEM, 0.0)


@given(failures=failures, max_attempts=budgets)
def test_a_crash_is_borne_so_often_whatever_retries_are_left(failures: int, max_attempts: int) -> None:
    outcomes = [decided(CRASHED, failures, max_attempts, crashes) for crashes in range(CRASH_LIMIT)]
    assert outcomes[:-1] == [CRASHED] * (CRASH_LIMIT - 1)
    last = outcomes[-1]
    assert isinstance(last, Failed)
    assert (last.crashed, last.problem.kind) == (True, "worker-lost")
    assert (last.problem.detail or "").startswith(f"{CRASHED.reason} The job was lost {CRASH_LIMIT} times;")


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (COMPLETED, Verb.COMPLETE),
        (Failed(PROBLEM), Verb.FAIL),
        (Rescheduled(PROBLEM, 1.0), Verb.RESCHEDULE),
        (RELEASED, Verb.RELEASE),
        (CRASHED, Verb.RESCUE),
    ],
)
def test_each_outcome_is_one_verb_that_can_be_done_to_a_held_job(outcome: Outcome, expected: Verb) -> None:
    assert verb(outcome) is expected
    assert all(transition(status, expected) is not None for status in Status if status.held)
