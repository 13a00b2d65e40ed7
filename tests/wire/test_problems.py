"""Problem documents follow RFC 9457, and each kind has a page."""

from collections.abc import Iterator
from typing import Any

import pytest

from coatcheck import errors
from coatcheck.domain import problem as domain
from coatcheck.domain.problem import Problem
from coatcheck.errors import CoatcheckError, InvalidArguments, JobNotFound, QueueFull
from coatcheck.wire.problems import KINDS, document, from_error, parse


def _subclasses(error: type[CoatcheckError]) -> Iterator[type[CoatcheckError]]:
    yield error
    for subclass in error.__subclasses__():
        yield from _subclasses(subclass)


_NOT_ANSWERED = {"job-failed"}
"""Kinds that no answer carries: a failed job answers with its own problem."""


def test_a_document_has_the_standard_members_and_the_users_own() -> None:
    problem = Problem(kind="queue-full", title="Queue full", status=503, detail="Later.", members={"limit": 3})
    assert document(problem, "https://api.example.com/problems/") == {
        "type": "https://api.example.com/problems/queue-full",
        "title": "Queue full",
        "status": 503,
        "detail": "Later.",
        "limit": 3,
    }


def test_a_type_uri_of_the_users_own_is_left_alone() -> None:
    assert (
        document(Problem(kind="https://example.com/closed", title="Closed", status=422), "/problems/")["type"]
        == "https://example.com/closed"
    )
    assert document(Problem(kind="about:blank", title="Closed", status=422), "/problems/")["type"] == "about:blank"


def test_a_users_members_never_take_the_place_of_the_standard_ones() -> None:
    members = {"type": "x", "title": "x", "status": 200, "detail": "x", "instance": "x", "account": "A-17"}
    assert document(Problem(kind="k", title="Closed", status=422, members=members), "/p/") == {
        "type": "/p/k",
        "title": "Closed",
        "status": 422,
        "account": "A-17",
    }


@pytest.mark.parametrize("base", ["/problems/", "/api/problems/", "https://api.example.com/problems/"])
def test_a_document_is_read_back(base: str) -> None:
    problem = Problem(kind="job-timed-out", title="Job timed out", status=504, detail="Late.", members={"limit": 3})
    assert parse(document(problem, base)) == problem
    own = Problem(kind="https://example.com/closed", title="Closed", status=422)
    assert parse(document(own, base)) == own


@pytest.mark.parametrize("members", [{}, {"type": 7, "title": None, "status": "x", "detail": 3}, {"type": "/problems/"}])
def test_a_document_of_any_making_is_read(members: dict[str, Any]) -> None:
    assert parse(members).status == 500
    assert parse(members).title == "Unknown problem"


def test_an_error_becomes_a_problem_with_its_faults() -> None:
    problem = from_error(InvalidArguments("Wrong.", faults=[("/a", "Expected `int`")]))
    assert document(problem, "/problems/") == {
        "type": "/problems/invalid-arguments",
        "title": "Invalid arguments",
        "status": 422,
        "detail": "Wrong.",
        "errors": [{"pointer": "/a", "detail": "Expected `int`"}],
    }
    assert from_error(QueueFull()).members == {}
    assert from_error(JobNotFound()).detail == "There is no such job, or it is not yours."


@pytest.mark.parametrize("error", sorted(set(_subclasses(CoatcheckError)), key=str))
def test_every_error_has_a_page_with_its_title_and_status(error: type[CoatcheckError]) -> None:
    if error.kind not in _NOT_ANSWERED and error.__module__ == errors.__name__:
        assert (KINDS[error.kind].title, KINDS[error.kind].status) == (error.title, error.status)


@pytest.mark.parametrize(
    "problem",
    [
        domain.operation_failed("ValueError", "x"),
        domain.timed_out(1),
        domain.worker_lost(3),
        domain.result_not_serialisable("x"),
        domain.result_too_large(2, 1),
        domain.arguments_unreadable("x"),
    ],
    ids=lambda problem: problem.kind,
)
def test_every_failure_of_a_job_has_a_page_with_its_status(problem: Problem) -> None:
    assert KINDS[problem.kind].status == problem.status


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_says_what_to_do_in_whole_sentences(kind: str) -> None:
    explanation = KINDS[kind].explanation
    assert explanation.endswith(".")
    assert len(explanation) > 60
