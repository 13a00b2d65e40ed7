"""What a run says of how far it is."""

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coatcheck.domain.progress import MAX_MESSAGE, Progress

numbers = st.none() | st.integers(-(10**300), 10**300) | st.floats(allow_nan=False, allow_infinity=False)
said = st.fixed_dictionaries({"percent": numbers, "current": numbers, "total": numbers})


@given(st.lists(said))
def test_the_percentage_is_a_whole_number_from_0_to_100_and_never_goes_down(reports: list[dict[str, float | None]]) -> None:
    progress, seen = Progress(), [0]
    for report in reports:
        progress = progress.advanced(**report)  # type: ignore[arg-type]  # numbers only
        if progress.percent is not None:
            assert isinstance(progress.percent, int)
            seen.append(progress.percent)
        assert msgspec.json.decode(msgspec.json.encode(progress), type=Progress) == progress
    assert seen == sorted(seen)
    assert max(seen) <= 100


@pytest.mark.parametrize("name", ["percent", "current", "total"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400])
def test_a_number_that_is_not_finite_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"progress\({name}="):
        Progress().advanced(**{name: value})  # type: ignore[arg-type]  # numbers only


@given(current=st.integers(0, 10**9), total=st.integers(1, 10**9))
def test_the_percentage_follows_the_count_where_it_is_not_given_itself(current: int, total: int) -> None:
    assert Progress().advanced(current=current, total=total).percent == min(100, int(100 * current / total))


def test_a_percentage_that_is_given_beats_the_count() -> None:
    assert Progress().advanced(percent=80, current=1, total=4).percent == 80


@pytest.mark.parametrize("total", [0, -1])
def test_a_total_of_nothing_says_nothing(total: float) -> None:
    assert Progress().advanced(current=0, total=total).percent is None


class Whole:
    """A whole number of some library, which JSON knows nothing of."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value

    def __float__(self) -> float:
        return float(self.value)


@pytest.mark.parametrize(
    ("given", "kept"), [(Whole(3), 3), (Whole(2**60), 2.0**60), (Fraction(1, 4), 0.25), (Decimal("2.5"), 2.5), (True, 1), (3.0, 3.0)]
)
def test_a_number_of_another_library_becomes_a_plain_one(given: Any, kept: float) -> None:
    current = Progress().advanced(current=given).current
    assert current == kept
    assert type(current) is type(kept)


def test_what_was_not_said_stays() -> None:
    before = Progress().advanced(percent=10, message="reading", current=1, total=10, unit="row")
    assert before.advanced() == before
    assert before.advanced(current=2) == Progress(percent=20, message="reading", current=2, total=10, unit="row")


def test_a_message_can_be_taken_back_and_is_cut_at_its_limit() -> None:
    assert Progress(message="reading").advanced(message="").message == ""
    assert Progress().advanced(message="x" * 5000).message == "x" * MAX_MESSAGE
