"""When a job will be done: as declared, as learned, as its progress says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coatcheck.domain.estimate import Estimate, parse_estimate, remaining, typical_duration, waiting

durations = st.floats(min_value=0, max_value=1e9)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2-3 minutes", 120, 180),
        ("90 s", 90, 90),
        ("1 to 2 hours", 3600, 7200),
        ("0.5–1 min", 30, 60),
        ("45sec", 45, 45),
        (" 1 Day ", 86400, 86400),
        ("2 days", 172800, 172800),
        ("10 m", 600, 600),
        ("1 h", 3600, 3600),
    ],
)
def test_an_estimate_is_read_as_people_write_it(text: str, low: float, high: float) -> None:
    assert parse_estimate(text) == Estimate(low, high)


@pytest.mark.parametrize("text", ["", "soon", "3", "minutes", "2 fortnights", "-1 minutes", "1-2-3 s", "2 minutes or so", "٣ minutes x"])
def test_what_cannot_be_read_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write it like '2-3 minutes'"):
        parse_estimate(text)


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        estimate = parse_estimate(text)
    except ValueError:
        return
    assert estimate.low >= 0


def test_the_middle_of_a_range_stands_for_it() -> None:
    assert Estimate(120, 180).middle == 150


def test_what_was_declared_holds_until_three_runs_are_known() -> None:
    declared = Estimate(10, 20)
    assert typical_duration(declared, []) == 15
    assert typical_duration(declared, [1, 1]) == 15
    assert typical_duration(declared, [1, 2, 100]) == 2


def test_nothing_known_is_no_estimate() -> None:
    assert typical_duration(None, [1, 2]) is None
    assert remaining(elapsed=5, fraction=None, typical=None) is None
    assert remaining(elapsed=5, fraction=0.04, typical=None) is None


@given(elapsed=durations, fraction=st.floats(min_value=0.05, max_value=1), typical=st.none() | durations)
def test_the_progress_rate_is_trusted_once_a_twentieth_is_done(elapsed: float, fraction: float, typical: float | None) -> None:
    left = remaining(elapsed=elapsed, fraction=fraction, typical=typical)
    assert left == pytest.approx(elapsed / fraction - elapsed, abs=1e-3, rel=1e-6)


@given(elapsed=durations, fraction=st.none() | st.floats(min_value=0, max_value=0.049), typical=durations)
def test_before_that_the_typical_duration_is_and_never_below_zero(elapsed: float, fraction: float | None, typical: float) -> None:
    assert remaining(elapsed=elapsed, fraction=fraction, typical=typical) == max(0.0, typical - elapsed)


def test_a_queued_job_waits_for_those_ahead_of_it() -> None:
    """Spread over those that run at a time; where none does, one is taken for one."""
    assert waiting(6, typical=10, running=3) == 20
    assert waiting(2, typical=10, running=0) == 20
    assert waiting(0, typical=10, running=3) == 0
