"""Why a job failed, in words that stay short."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coatcheck.domain import problem
from coatcheck.domain.problem import MAX_DETAIL, Problem


@given(st.text(max_size=50))
def test_a_short_text_is_kept_as_it_is(text: str) -> None:
    assert problem.cut(text) == text


@pytest.mark.parametrize("length", [MAX_DETAIL - 1, MAX_DETAIL, MAX_DETAIL + 1, MAX_DETAIL * 10])
def test_a_text_over_the_limit_is_cut_to_it_and_shows_that(length: int) -> None:
    kept = problem.cut("x" * length)
    assert len(kept) == min(length, MAX_DETAIL)
    assert kept.endswith("…") == (length > MAX_DETAIL)


@pytest.mark.parametrize(
    ("made", "kind", "status"),
    [
        (problem.operation_failed("ValueError", "no such month"), "operation-failed", 500),
        (problem.timed_out(90), "job-timed-out", 504),
        (problem.worker_lost(3), "worker-lost", 500),
        (problem.memory_exhausted(), "memory-exhausted", 500),
        (problem.cpu_exhausted(60), "cpu-exhausted", 500),
        (problem.result_not_serialisable("a socket"), "result-not-serialisable", 500),
        (problem.result_too_large(11, 10), "result-too-large", 500),
        (problem.arguments_unreadable("no member `month`"), "arguments-unreadable", 500),
    ],
)
def test_each_way_to_fail_has_its_kind_and_the_status_of_a_synchronous_answer(made: Problem, kind: str, status: int) -> None:
    assert (made.kind, made.status) == (kind, status)
    assert made.title
    assert made.detail


def test_problems_name_the_numbers_that_matter() -> None:
    assert "90 s" in (problem.timed_out(90).detail or "")
    assert "60 s" in (problem.cpu_exhausted(60).detail or "")
    assert "3 times" in (problem.worker_lost(3).detail or "")
    assert "11 bytes and the limit is 10" in (problem.result_too_large(11, 10).detail or "")


def test_what_a_user_supplied_is_bounded() -> None:
    made = problem.operation_failed("E" * 10_000, "d" * 100_000)
    assert len(made.title) < 250
    assert len(made.detail or "") == MAX_DETAIL
