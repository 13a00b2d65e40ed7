"""The Prefer field is read as RFC 7240 has it, and nonsense is as good as absent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coatcheck.wire.prefer import MAX_WAIT, Preferences, parse_preferences


@pytest.mark.parametrize(
    ("fields", "wait", "respond_async"),
    [
        ([], None, False),
        ([""], None, False),
        (["wait=5"], 5, False),
        (["WAIT = 5"], 5, False),
        (['wait="5"'], 5, False),
        (['wait="\\5"'], 5, False),
        (["respond-async"], None, True),
        (["Respond-Async, wait=5"], 5, True),
        (["respond-async;x=1; y , wait=5;z"], 5, True),
        (["wait=5", "respond-async"], 5, True),
        (["wait=1, wait=2"], 1, False),
        (["wait=1", "wait=2"], 1, False),
        (["wait, wait=2"], None, False),
        (["return=minimal, wait=2"], 2, False),
        (['foo="a, wait=1"; bar="\\", wait=1", wait=2'], 2, False),
        ([",, wait=2,"], 2, False),
        (["@@@, wait=2"], 2, False),
        (["wait=2 seconds, respond-async"], None, True),
        (['foo="unclosed, wait=2'], None, False),
        (["wait=-1"], None, False),
        (["wait=1.5"], None, False),
        (["wait=99999999999"], None, False),
        (["wait=٣"], None, False),
    ],
)
def test_preferences_are_read(fields: list[str], wait: int | None, respond_async: bool) -> None:  # noqa: FBT001  parametrised
    assert parse_preferences(fields) == Preferences(wait, respond_async)


@given(st.lists(st.text()))
def test_whatever_is_sent_is_read_without_an_error(fields: list[str]) -> None:
    assert isinstance(parse_preferences(fields), Preferences)


@pytest.mark.parametrize(("wait", "window"), [(0, 0), (24, 24), (25, 25), (26, MAX_WAIT), (10**9, MAX_WAIT)])
def test_nobody_is_kept_waiting_for_longer_than_proxies_wait(wait: int, window: int) -> None:
    assert parse_preferences([f"wait={wait}"]).window == window


@pytest.mark.parametrize("field", [";" + " " * 60_000 + "@", "a" + " " * 60_000 + "@", "a;" * 30_000 + "@", '"' * 60_001, 'a="' * 20_000])
def test_a_field_made_to_be_slow_to_read_is_not(field: str) -> None:
    """A header of the size that servers let through, which would take minutes if each part could be read in several ways."""
    assert parse_preferences([field]).wait is None
