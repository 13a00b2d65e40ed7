"""The errors: one tree, drawn at the top of the file, each with what HTTP makes of it."""

import inspect
import re

import pytest

from coatcheck import errors
from coatcheck.domain.problem import timed_out
from coatcheck.errors import CoatcheckError, Fail, InvalidArguments, JobFailed, QueueFull, Retry

CLASSES = [error for _, error in inspect.getmembers(errors, inspect.isclass) if issubclass(error, CoatcheckError)]
DRAWN = re.findall(r"^(    [│ ]*[├└]── |    )(\w+)(?: .*?)?(?: +(\d{3}) ([a-z-]+))?$", errors.__doc__ or "", re.MULTILINE)


def test_the_drawing_shows_every_class_under_its_parent() -> None:
    path: list[str] = []
    parents = {}
    for prefix, name, _, _ in DRAWN[: len(CLASSES)]:
        depth = len(prefix) // 4 - 1
        path[depth:] = [name]
        parents[name] = path[depth - 1] if depth else "Exception"
    assert parents == {error.__name__: error.__bases__[0].__name__ for error in CLASSES}


def test_the_drawing_gives_status_and_kind_as_they_are() -> None:
    drawn = {name: (int(status), kind) for _, name, status, kind in DRAWN if kind}
    assert drawn == {error.__name__: (error.status, error.kind) for error in CLASSES if error.__name__ in drawn}
    assert {error.__name__ for error in CLASSES if "kind" in vars(error)} - set(drawn) == {"CoatcheckError", "InvalidRequest", "JobFailed"}


def test_every_kind_is_one_class() -> None:
    kinds = [error.kind for error in CLASSES if "kind" in vars(error)]
    assert len(kinds) == len(set(kinds))


@pytest.mark.parametrize("error", [error for error in CLASSES if error is not JobFailed], ids=lambda error: error.__name__)
def test_the_docstrings_first_line_is_the_default_message(error: type[CoatcheckError]) -> None:
    assert str(error()) == (error.__doc__ or "").splitlines()[0]
    assert str(error("Something else.")) == "Something else."


def test_an_error_can_say_when_to_come_back() -> None:
    assert QueueFull(retry_after=7).retry_after == 7
    assert QueueFull().retry_after is None


def test_faults_are_kept_with_their_pointers() -> None:
    assert InvalidArguments(faults=[("/month", "expected int")]).faults == (("/month", "expected int"),)


def test_a_failed_job_carries_its_problem() -> None:
    problem = timed_out(9)
    assert JobFailed(problem).problem is problem
    assert str(JobFailed(problem)) == problem.detail


@pytest.mark.parametrize("status", [0, 200, 399, 600])
def test_a_failure_is_a_4xx_or_5xx(status: int) -> None:
    with pytest.raises(ValueError, match="between 400 and 599"):
        Fail(status=status)


def test_fail_and_retry_keep_what_they_were_told() -> None:
    failure = Fail(status=422, title="Account closed", account="A-17")
    assert (failure.status, failure.title, failure.members) == (422, "Account closed", {"account": "A-17"})
    assert str(failure) == "Account closed"
    assert str(Fail(status=503)) == "failed with status 503"
    assert (Retry("closed", after=3600).reason, Retry("closed", after=3600).after) == ("closed", 3600)


def test_cancelled_passes_an_except_exception() -> None:
    """A function that catches whatever goes wrong must not swallow that it was asked to stop."""
    assert not issubclass(errors.Cancelled, Exception)
