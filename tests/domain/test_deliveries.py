"""When a message is tried again, and what it is sent to."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coatcheck.domain.delivery import JITTER, RETRY_AFTER, SCHEDULE, next_delay, target_of
from coatcheck.domain.endpoint import ENDINGS, SELECTABLE, Occasion
from coatcheck.domain.event import EventType

SEEDS = st.integers(0, 2**32)


@given(SEEDS, st.integers(0, len(SCHEDULE) - 1))
def test_a_delay_is_the_schedule_s_or_a_little_more(seed: int, attempts: int) -> None:
    """Never less: receivers that all failed at once are not all tried at once."""
    delay = next_delay(attempts, random.Random(seed))
    assert delay is not None
    assert SCHEDULE[attempts] <= delay <= SCHEDULE[attempts] * (1 + JITTER)


def test_the_first_attempt_is_at_once_and_others_come_ever_later() -> None:
    assert SCHEDULE[0] == 0
    assert all(before < after for before, after in pairwise(SCHEDULE))


@pytest.mark.parametrize("attempts", [len(SCHEDULE), len(SCHEDULE) + 1])
def test_after_the_last_attempt_there_is_none(attempts: int) -> None:
    """Whatever the receiver wishes."""
    assert next_delay(attempts, random.Random(1)) is None
    assert next_delay(attempts, random.Random(1), retry_after=5.0) is None


@pytest.mark.parametrize(
    ("wish", "delay"),
    [(-1e9, RETRY_AFTER[0]), (0.0, RETRY_AFTER[0]), (60.0, 60.0), (1e12, RETRY_AFTER[1]), (float("inf"), RETRY_AFTER[1])],
)
def test_a_receiver_s_wish_counts_within_bounds(wish: float, delay: float) -> None:
    """F67: one that asks for a year, or for the past, is not taken at its word."""
    assert next_delay(0, random.Random(1), wish) == delay


@given(SEEDS, st.integers(1, len(SCHEDULE) - 1), st.floats(0, 1e6))
def test_a_receiver_s_wish_never_makes_it_sooner(seed: int, attempts: int, wish: float) -> None:
    delay = next_delay(attempts, random.Random(seed), wish)
    assert delay is not None
    assert delay >= SCHEDULE[attempts]


def test_a_schedule_can_be_another() -> None:
    assert next_delay(1, random.Random(1), schedule=(0.0,)) is None


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://example.com", "https://example.com"),
        ("https://EXAMPLE.com:443/a/b?c#d", "https://example.com"),
        ("http://example.com:80/", "http://example.com"),
        ("http://example.com:443/", "http://example.com:443"),
        ("https://example.com:8443/x", "https://example.com:8443"),
        ("https://[2001:DB8::1]/x", "https://[2001:db8::1]"),
        ("https://[2001:db8::1]:8443/x", "https://[2001:db8::1]:8443"),
        ("https:", "https://"),
    ],
)
def test_urls_of_one_origin_are_one_target(url: str, target: str) -> None:
    assert target_of(url, "ada") == f"{target} ada"


def test_an_occasion_is_named_as_the_event_it_tells_of() -> None:
    told = {occasion: occasion.event for occasion in Occasion}
    assert told.pop(Occasion.TEST) is None
    assert {event and f"job.{event.value}" for event in told.values()} == {occasion.value for occasion in told}


def test_what_is_told_unasked_is_how_jobs_end() -> None:
    assert {occasion.event for occasion in ENDINGS} == {event for event in EventType if event.terminal}
    assert set(Occasion) - SELECTABLE == {Occasion.TEST}
