"""The table of transitions: total, as documented, and with no way round its promises."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coatcheck.domain.state import Status, Verb, transition
from scripts.states import PAGE, PICTURE, page, picture

LEADS_TO = {
    (Status.QUEUED, Verb.CLAIM): Status.RUNNING,
    (Status.QUEUED, Verb.CANCEL): Status.CANCELLED,
    (Status.RUNNING, Verb.COMPLETE): Status.COMPLETED,
    (Status.RUNNING, Verb.FAIL): Status.FAILED,
    (Status.RUNNING, Verb.RESCHEDULE): Status.QUEUED,
    (Status.RUNNING, Verb.RELEASE): Status.QUEUED,
    (Status.RUNNING, Verb.RESCUE): Status.QUEUED,
    (Status.RUNNING, Verb.CANCEL): Status.CANCELLING,
    (Status.CANCELLING, Verb.COMPLETE): Status.COMPLETED,
    (Status.CANCELLING, Verb.FAIL): Status.CANCELLED,
    (Status.CANCELLING, Verb.RESCHEDULE): Status.CANCELLED,
    (Status.CANCELLING, Verb.RELEASE): Status.CANCELLED,
    (Status.CANCELLING, Verb.RESCUE): Status.CANCELLED,
    (Status.CANCELLING, Verb.CANCEL): Status.CANCELLING,
    (Status.FAILED, Verb.RETRY): Status.QUEUED,
    (Status.CANCELLED, Verb.RETRY): Status.QUEUED,
    (Status.CANCELLED, Verb.CANCEL): Status.CANCELLED,
}

verbs = st.lists(st.sampled_from(Verb), max_size=40)


def lives(done: list[Verb]) -> list[tuple[Status, Verb, Status]]:
    """The steps that a queued job takes when `done` is tried on it; what is impossible changes nothing."""
    steps, status = [], Status.QUEUED
    for verb in done:
        if (target := transition(status, verb)) is not None:
            steps.append((status, verb, target))
            status = target
    return steps


@pytest.mark.parametrize(("status", "verb"), list(product(Status, Verb)))
def test_every_verb_leads_from_every_status_where_the_documentation_says(status: Status, verb: Verb) -> None:
    assert transition(status, verb) == LEADS_TO.get((status, verb))


@given(verbs)
def test_only_a_retry_leads_out_of_a_terminal_status(done: list[Verb]) -> None:
    assert all(verb is Verb.RETRY for status, verb, target in lives(done) if status.terminal and target is not status)


@given(verbs)
def test_a_job_that_was_asked_to_stop_is_never_started_again_by_itself(done: list[Verb]) -> None:
    assert all(
        target in (Status.CANCELLING, Status.COMPLETED, Status.CANCELLED) for status, _, target in lives(done) if status == "cancelling"
    )


@given(verbs)
def test_a_completed_job_stays_completed(done: list[Verb]) -> None:
    assert all(status is not Status.COMPLETED for status, _, _ in lives(done))


@given(verbs)
def test_a_job_completes_or_fails_only_while_a_worker_holds_it(done: list[Verb]) -> None:
    assert all(status.held for status, _, target in lives(done) if target in (Status.COMPLETED, Status.FAILED))


@given(verbs)
def test_a_worker_gets_a_job_only_by_a_claim(done: list[Verb]) -> None:
    assert all(verb is Verb.CLAIM for status, verb, target in lives(done) if target.held and not status.held)


def test_three_statuses_are_terminal_and_two_are_held() -> None:
    assert {status for status in Status if status.terminal} == {Status.COMPLETED, Status.FAILED, Status.CANCELLED}
    assert {status for status in Status if status.held} == {Status.RUNNING, Status.CANCELLING}


def test_statuses_are_the_words_of_the_wire() -> None:
    assert list(Status) == ["queued", "running", "cancelling", "completed", "failed", "cancelled"]


def test_the_documentation_shows_the_table_as_it_is() -> None:
    """`python -m scripts.states --write` brings the page and its picture up to date."""
    text = PAGE.read_text()
    assert "| **queued** | running |" in text
    assert page(text) == text
    assert picture() == PICTURE.read_text()
