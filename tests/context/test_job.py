"""What a function sees of its job: progress, cancellation, and going on where an earlier attempt stopped."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NoReturn

import msgspec
import pytest

from coatcheck.context import Job
from coatcheck.current import current_job, enter
from coatcheck.domain.checkpoint import CHECKPOINT_LIMIT
from coatcheck.domain.progress import Progress
from coatcheck.errors import Cancelled
from coatcheck.run import Transacted
from coatcheck.testing.clock import FakeClock


@dataclass
class Attempt:
    """The effects of one attempt, kept in memory, as the worker would keep them in the store."""

    job_id: str = "0190"
    attempt: int = 1
    fence: int = 4
    grace: float = 30.0
    deadline: float | None = None
    cancelled: bool = False
    stopping: bool = False
    clock: FakeClock = field(default_factory=FakeClock)
    reports: list[Progress] = field(default_factory=list)
    lines: list[tuple[str, str]] = field(default_factory=list)
    kept: bytes | None = None

    @property
    def interrupted(self) -> bool:
        return self.cancelled

    def report(self, progress: Progress) -> None:
        self.reports.append(progress)

    def log(self, level: str, message: str) -> None:
        self.lines.append((level, message))

    def checkpoint(self, data: bytes) -> None:
        self.kept = data

    def transact(self, apply: Callable[[Any], Any]) -> Future[Transacted]:
        future: Future[Transacted] = Future()
        future.set_result(Transacted(apply(self)))
        return future


@pytest.fixture
def attempt() -> Attempt:
    return Attempt()


@pytest.fixture
def job(attempt: Attempt) -> Job:
    return Job(attempt)


async def letters(text: str) -> AsyncIterator[str]:
    for letter in text:
        yield letter


def next_attempt(attempt: Attempt) -> Job:
    """The job as the attempt after a crash sees it: all that is left is what was stored."""
    return Job(Attempt(attempt=attempt.attempt + 1), attempt.kept)


class Crash(Exception):
    pass


def dies() -> NoReturn:
    raise Crash


def test_a_job_knows_its_attempt(attempt: Attempt, job: Job) -> None:
    assert (job.id, job.attempt, job.fence, job.deadline) == ("0190", 1, 4, None)
    attempt.deadline = 3600.0
    assert job.deadline == datetime(1970, 1, 1, 1, tzinfo=UTC)
    assert not job.cancelled
    assert not job.stopping
    attempt.cancelled = attempt.stopping = True
    assert job.cancelled
    assert job.stopping


def test_log_lines_have_a_level(attempt: Attempt, job: Job) -> None:
    job.log("begun")
    job.log("odd row", level="warning")
    assert attempt.lines == [("info", "begun"), ("warning", "odd row")]


# Progress ------------------------------------------------------------------------------------------------------------


def test_track_tells_how_far_by_the_length(attempt: Attempt, job: Job) -> None:
    seen = []
    for row in job.track("abcd", unit="letter"):
        seen.append(row)
        attempt.clock.advance(1)
    assert seen == list("abcd")
    assert [report.percent for report in attempt.reports] == [0, 25, 50, 75, 100, 100]
    assert attempt.reports[-1] == Progress(percent=100, current=4, total=4, unit="letter")


def test_track_reports_at_intervals_and_always_at_the_end(attempt: Attempt, job: Job) -> None:
    """F53: 100,000 rows in no time are two reports."""
    for _ in job.track(range(100_000)):
        pass
    assert [report.current for report in attempt.reports] == [0, 100_000]


def test_track_without_a_length_counts(attempt: Attempt, job: Job) -> None:
    for _ in job.track(iter("abc")):
        pass
    assert attempt.reports[-1] == Progress(current=3)


def test_a_total_given_beats_the_length(attempt: Attempt, job: Job) -> None:
    for _ in job.track(iter("abc"), total=6):
        pass
    assert attempt.reports[-1].percent == 50


def test_an_empty_iterable_is_tracked(attempt: Attempt, job: Job) -> None:
    assert list(job.track([])) == []
    assert attempt.reports[-1].total == 0


@pytest.mark.parametrize("rows", ["abcd", letters("abcd"), iter("abcd")], ids=["sized", "async", "iterator"])
async def test_track_works_in_async_for_whatever_the_rows_are(attempt: Attempt, job: Job, rows: Any) -> None:
    seen = [row async for row in job.track(rows, total=4)]
    assert seen == list("abcd")
    assert attempt.reports[-1].percent == 100


async def test_track_in_async_for_lets_others_run(job: Job) -> None:
    """A loop over rows at hand still is a point where a cancellation takes effect."""
    seen: list[int] = []

    async def run() -> None:
        async for row in job.track(range(1_000_000)):
            seen.append(row)
            if row == 2:
                asyncio.current_task().cancel()  # type: ignore[union-attr]

    with pytest.raises(asyncio.CancelledError):
        await run()
    assert seen == [0, 1, 2]


def test_the_percentage_never_goes_down(attempt: Attempt, job: Job) -> None:
    for percent in (40, 10, 250, -5):
        job.progress(percent)
    assert [report.percent for report in attempt.reports] == [40, 40, 100, 100]


def test_what_is_left_out_of_progress_stays(attempt: Attempt, job: Job) -> None:
    job.progress(10, "reading", unit="row")
    job.progress(current=5, total=10)
    assert attempt.reports[-1] == Progress(percent=50, message="reading", current=5, total=10, unit="row")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", ["percent", "current", "total"])
def test_progress_refuses_what_is_no_number(attempt: Attempt, job: Job, name: str, number: float) -> None:
    """F53: NaN and infinities are refused at the call."""
    with pytest.raises(ValueError, match="finite"):
        job.progress(**{name: number})  # type: ignore[arg-type]
    assert attempt.reports == []


def test_progress_of_any_finite_size_is_clamped(attempt: Attempt, job: Job) -> None:
    """F53: 1e308."""
    job.progress(current=1e308, total=1e-300)
    job.progress(1e308)
    job.progress(-1e308)
    assert [report.percent for report in attempt.reports] == [100, 100, 100]


# Cancelling ----------------------------------------------------------------------------------------------------------


def test_a_cancel_takes_effect_at_the_next_row(attempt: Attempt, job: Job) -> None:
    seen = []

    def run() -> None:
        for row in job.track("abcd"):
            seen.append(row)
            attempt.cancelled = row == "b"

    with pytest.raises(Cancelled):
        run()
    assert seen == ["a", "b"]


async def test_a_cancel_takes_effect_at_the_next_row_of_async_for(attempt: Attempt, job: Job) -> None:
    seen = []

    async def run() -> None:
        async for row in job.track(letters("abcd")):
            seen.append(row)
            attempt.cancelled = row == "b"

    with pytest.raises(Cancelled):
        await run()
    assert seen == ["a", "b"]


def test_a_cancel_takes_effect_at_the_next_progress(attempt: Attempt, job: Job) -> None:
    attempt.cancelled = True
    with pytest.raises(Cancelled):
        job.progress(10)
    assert attempt.reports == []


def test_except_exception_does_not_swallow_a_cancel() -> None:
    assert not issubclass(Cancelled, Exception)


# Going on after a crash ----------------------------------------------------------------------------------------------


def crash_at(row: str, job: Job, rows: Any) -> list[str]:
    """Go through rows until the worker dies in the middle of `row`; those that were finished."""
    finished: list[str] = []
    try:
        for each in job.track(job.resume(rows)):
            job.checkpoint({"last": each})
            finished += [each] if each != row else dies()
    except Crash:
        pass
    return finished


@pytest.mark.parametrize("row", "abcd")
def test_resume_skips_exactly_the_finished_rows(attempt: Attempt, job: Job, row: str) -> None:
    finished = crash_at(row, job, "abcd")
    left = list(next_attempt(attempt).resume("abcd"))
    assert finished + left == list("abcd")


@pytest.mark.parametrize("row", "bcd")
def test_a_checkpoint_in_the_loop_is_kept_with_the_position_or_not_at_all(attempt: Attempt, job: Job, row: str) -> None:
    """The row in which the worker died is repeated, so what it noted must be forgotten."""
    finished = crash_at(row, job, "abcd")
    assert next_attempt(attempt).last_checkpoint == {"last": finished[-1]}


def test_a_crash_in_the_first_row_leaves_nothing(attempt: Attempt, job: Job) -> None:
    assert crash_at("a", job, "abcd") == []
    assert attempt.kept is None
    assert next_attempt(attempt).last_checkpoint is None


def test_a_second_crash_goes_on_from_the_first(attempt: Attempt, job: Job) -> None:
    assert crash_at("b", job, "abcd") == ["a"]
    second = next_attempt(attempt)
    assert crash_at("d", second, "abcd") == ["b", "c"]
    assert list(next_attempt(second._run).resume("abcd")) == ["d"]  # type: ignore[arg-type]


def test_a_resumed_loop_tells_how_far_the_whole_job_is(attempt: Attempt, job: Job) -> None:
    crash_at("c", job, "abcd")
    second = next_attempt(attempt)
    rows = iter(second.track(second.resume("abcd")))
    assert next(rows) == "c"
    assert second._run.reports == [Progress(percent=50, current=2, total=4)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("rows", [lambda: "abcd", lambda: letters("abcd"), lambda: iter("abcd")], ids=["sized", "async", "iterator"])
async def test_resume_works_in_async_for_whatever_the_rows_are(attempt: Attempt, job: Job, rows: Any) -> None:
    async def run(job: Job) -> list[str]:
        finished: list[str] = []
        async for row in job.track(job.resume(rows())):
            job.checkpoint({"last": row})
            if row == "c" and job.attempt == 1:
                return finished
            finished.append(row)
        return finished

    assert await run(job) == ["a", "b"]
    second = next_attempt(attempt)
    assert second.last_checkpoint == {"last": "b"}
    assert await run(second) == ["c", "d"]
    assert second.last_checkpoint == {"last": "d"}


def test_a_resumed_job_that_is_cancelled_keeps_what_it_finished(attempt: Attempt, job: Job) -> None:
    def run() -> None:
        for row in job.track(job.resume("abcd")):
            attempt.cancelled = row == "b"

    with pytest.raises(Cancelled):
        run()
    assert list(next_attempt(attempt).resume("abcd")) == ["c", "d"]


def test_rows_that_a_filter_takes_out_are_not_counted_twice(attempt: Attempt, job: Job) -> None:
    def rows() -> Iterator[int]:
        yield from range(6)

    for row in job.resume(rows()):
        if row == 3:
            break
    assert list(next_attempt(attempt).resume(rows())) == [3, 4, 5]


def test_there_is_one_position_a_job(job: Job) -> None:
    """A second loop would skip as many rows as the first one finished."""
    list(job.resume("ab"))
    with pytest.raises(RuntimeError, match="one position"):
        job.resume("cd")


def test_a_checkpoint_outside_a_loop_is_kept_at_once(attempt: Attempt, job: Job) -> None:
    job.checkpoint({"page": 3})
    assert job.last_checkpoint == {"page": 3}
    assert next_attempt(attempt).last_checkpoint == {"page": 3}


def test_a_checkpoint_that_is_too_large_is_refused_and_the_last_one_stands(attempt: Attempt, job: Job) -> None:
    job.checkpoint("x" * (CHECKPOINT_LIMIT - 2))
    with pytest.raises(ValueError, match=f"the limit is {CHECKPOINT_LIMIT}"):
        job.checkpoint("y" * (CHECKPOINT_LIMIT - 1))
    assert next_attempt(attempt).last_checkpoint == job.last_checkpoint == "x" * (CHECKPOINT_LIMIT - 2)


def test_a_checkpoint_after_a_loop_left_early_is_kept_at_once(attempt: Attempt, job: Job) -> None:
    for row in job.resume("abcd"):
        if row == "b":
            break
    job.checkpoint("left")
    second = next_attempt(attempt)
    assert second.last_checkpoint == "left"
    assert list(second.resume("abcd")) == ["b", "c", "d"]


def test_a_checkpoint_keeps_the_value_of_the_call(attempt: Attempt, job: Job) -> None:
    value = [1]
    job.checkpoint(value)
    value.append(2)
    assert next_attempt(attempt).last_checkpoint == [1]


@pytest.mark.parametrize("value", [float("nan"), {"a": [float("inf")]}, object(), {"\ud800": 1}])
def test_a_checkpoint_is_strict_json(attempt: Attempt, job: Job, value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        job.checkpoint(value)
    assert attempt.kept is None
    assert job.last_checkpoint is None


def test_null_is_a_value_like_any_other(attempt: Attempt, job: Job) -> None:
    job.checkpoint({"last": None})
    assert next_attempt(attempt).last_checkpoint == {"last": None}
    assert msgspec.json.decode(attempt.kept or b"")["value"] == {"last": None}


# The current job -----------------------------------------------------------------------------------------------------


async def test_the_current_job_is_known_however_deep_and_in_threads(job: Job) -> None:
    async def run() -> tuple[Job, Job]:
        enter(job)
        return current_job(), await asyncio.to_thread(current_job)

    assert await asyncio.create_task(run()) == (job, job)
    with pytest.raises(LookupError, match="no current job"):
        current_job()


async def test_a_transaction_is_in_the_context_of_the_function(attempt: Attempt, job: Job) -> None:
    """Whoever asks for the current job inside finds it, though another thread runs it. In a loop it begins once it is awaited."""
    enter(job)
    begun: list[Job] = []
    pending = job.transaction(lambda _: begun.append(current_job()))
    assert begun == []
    await pending
    assert begun == [job]
    attempt.cancelled = True
    with pytest.raises(Cancelled):
        _ = job.transaction(begun.append)
    assert begun == [job]
