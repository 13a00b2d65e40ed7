"""When a job is worth another look."""

import pytest

from coatcheck.domain.outlook import Outlook


@pytest.mark.parametrize(
    ("left", "seconds"),
    [(None, 5), (0.0, 5), (7.2, 8), (30.0, 10), (59.9, 10), (60.0, 10), (120.0, 20), (100_000.0, 60)],
)
def test_a_next_look_comes_later_the_longer_a_job_takes(left: float | None, seconds: int) -> None:
    assert Outlook(left).retry_after() == seconds


def test_a_next_look_keeps_the_bounds_of_a_style() -> None:
    assert Outlook(left=1.0).retry_after((1, 30)) == 1
    assert Outlook(left=100_000.0).retry_after((1, 30)) == 30
