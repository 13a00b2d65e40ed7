"""Exponential backoff with full jitter."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coatcheck.domain.retry import Backoff

seconds = st.floats(min_value=0.001, max_value=1e6)
backoffs = st.builds(Backoff, base=seconds, cap=seconds)
failures = st.integers(min_value=1, max_value=10_000)


@given(backoffs, failures, st.integers())
def test_a_delay_lies_between_nothing_and_its_ceiling(backoff: Backoff, failures: int, seed: int) -> None:
    assert 0.0 <= backoff.delay(failures, Random(seed)) <= backoff.ceiling(failures)


@given(backoffs, failures)
def test_the_ceiling_never_falls_and_never_passes_the_cap(backoff: Backoff, failures: int) -> None:
    """Also after thousands of failures, where 2.0**failures would overflow."""
    assert backoff.ceiling(failures) <= backoff.ceiling(failures + 1) <= backoff.cap


@given(failures)
def test_the_ceiling_doubles_until_the_cap(failures: int) -> None:
    assert Backoff(base=2.0, cap=600.0).ceiling(failures) == min(600.0, 2.0 ** min(failures, 64))


def test_the_jitter_is_full() -> None:
    """Delays of jobs that failed together are spread over the whole range, not around its end."""
    random = Random(0)
    delays = [Backoff(base=8.0).delay(1, random) for _ in range(1000)]
    assert min(delays) < 0.1
    assert max(delays) > 7.9
    assert sum(delays) / len(delays) == pytest.approx(4.0, abs=0.3)
