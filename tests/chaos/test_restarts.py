"""Restarts of PostgreSQL under load, short; and what is not let pass."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chaos.audit import Report
from chaos.restarts import Course, Restarts
from chaos.verdict import missed
from coatcheck.domain.event import EventType
from coatcheck.domain.job import JobRecord
from coatcheck.domain.problem import operation_failed
from coatcheck.domain.state import Status
from coatcheck.testing.postgresql import Server, programs
from tests.chaos.test_kill_storm import POSTGRESQL, chaos
from tests.services import require

JOBS = [
    JobRecord(id=str(number), owner="ann", operation="quick", status=Status.COMPLETED, version=3, last_event=3, created_at=1, not_before=1)
    for number in range(100)
]
FAILED = JobRecord(
    id="f",
    owner="ann",
    operation="quick",
    status=Status.FAILED,
    version=3,
    last_event=3,
    created_at=1,
    not_before=1,
    error=operation_failed("OSError", "gone"),
)


@pytest.fixture
def good(tmp_path: Path) -> Restarts:
    """A course that went well, as if it had been run."""
    restarts = Restarts(Course(jobs=100, restarts=1, down=1, around_outage=0), Server(tmp_path, port=1), tmp_path)
    restarts.reports = [Report(jobs=list(JOBS)), Report(jobs=list(JOBS))]
    restarts.outage.answers["503 with Retry-After"] = 100
    restarts.outage.seconds = [0.01] * 100
    return restarts


def rerun_two(restarts: Restarts) -> None:
    restarts.reports[0].events[EventType.RESCUED] = 1
    restarts.reports[0].events[EventType.RELEASED] = 1


def fail_one(restarts: Restarts) -> None:
    restarts.reports[1].jobs.append(FAILED)


def answer_without_retry_after(restarts: Restarts) -> None:
    restarts.outage.answers["503"] = 1


def answer_slowly(restarts: Restarts) -> None:
    restarts.outage.seconds[:2] = [1.5, 1.5]


def test_a_course_that_went_well_is_let_pass(good: Restarts) -> None:
    good.reports[0].events[EventType.RESCUED] = 1
    assert list(missed(good)) == []


@pytest.mark.parametrize("spoil", [rerun_two, fail_one, answer_without_retry_after, answer_slowly])
def test_a_course_in_which_one_thing_went_wrong_is_not(good: Restarts, spoil: Callable[[Restarts], None]) -> None:
    spoil(good)
    assert len(list(missed(good))) == 1


def test_nothing_is_lost_or_done_twice_while_the_server_crashes_and_is_away(tmp_path: Path) -> None:
    """Crashes of the server under two APIs and a worker; then it is away, and all of them live through it."""
    require(programs() is not None, POSTGRESQL)
    course = ["--jobs", "30", "--restarts", "2", "--workers", "1", "--down", "1", "--around-outage", "10"]
    _, log, seen = chaos(tmp_path / "seen.json", "restarts", *course)
    assert set(seen["broken"].values()) == {0}, log
    figures = seen["figures"]
    assert (figures["jobs"], figures["acknowledged"], figures["restarts"]) == (40, 40, 2)
    assert figures["answered 503 with Retry-After"] == figures["submits while it lasted"] > 0
    assert figures["requests sent again"] > 0
