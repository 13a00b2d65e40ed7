"""Progress, log lines and checkpoints: what a run says of itself, and what of that is stored."""

import asyncio
import threading
from typing import Any

import msgspec
import pytest

from coatcheck import Job, Retry
from coatcheck.domain.claim import Claim
from coatcheck.domain.event import EventType
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.progress import Progress
from coatcheck.domain.state import Status
from coatcheck.testing.signals import Flag
from coatcheck.worker.reporter import Reporter
from coatcheck.worker.run import ActiveRun, Interruption
from tests.worker.site import Site


async def claimed(site: Site) -> Claim:
    """The claim of a new job, with no worker anywhere near."""

    @site.jobs.operation("/job")
    def job() -> None: ...

    await job.submit()
    (claim,) = await site.store.claim("worker-1", ["job"], 1)
    return claim


def reporter_of(site: Site, *runs: ActiveRun) -> Reporter:
    return Reporter(runs=lambda: runs, store=site.store, telemetry=site.jobs.telemetry)


async def test_many_reports_between_two_turns_are_one_write_and_the_last_one_counts(site: Site) -> None:
    """F53: 100,000 updates in a second are ten events at most."""
    run = ActiveRun(await claimed(site), site.jobs.wiring.clock, grace=1.0)
    job, reporter = Job(run), reporter_of(site, run)
    for number in range(100_000):
        job.progress(current=number, total=100_000, message=f"row {number}")
    await reporter.turn()
    await reporter.turn()
    events = await site.store.events(run.job_id, SYSTEM)
    assert [event.type for event in events] == [EventType.ACCEPTED, EventType.STARTED, EventType.PROGRESS]
    record = await site.store.get(run.job_id, SYSTEM)
    assert record is not None
    assert record.progress == Progress(percent=99, current=99_999, total=100_000, message="row 99999")  # type: ignore[union-attr]


async def test_a_turn_takes_place_ten_times_a_second_at_most(site: Site) -> None:
    assert reporter_of(site)._interval >= 0.1


async def test_the_last_word_arrives_before_the_ending(site: Site) -> None:
    @site.jobs.operation("/talk")
    def talk(job: Job) -> str:
        for number in range(1000):
            job.progress(current=number)
        job.log("that was all")
        job.progress(message="the last word")
        return "done"

    handle = await talk.submit()
    await site.work()
    await handle.result()
    progress = (await handle.job()).progress
    assert (progress.current, progress.message) == (999, "the last word")
    assert [event.type for event in await site.events(handle)][-3:] == [EventType.LOG, EventType.PROGRESS, EventType.COMPLETED]


async def test_an_ending_never_overtakes_a_report_under_way(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress that follows a checkpoint is a second write: the run may end between the two."""
    checkpoint, between, go_on = site.store.checkpoint, asyncio.Event(), asyncio.Event()

    async def held_up(claim: Claim, data: bytes) -> bool:
        landed = await checkpoint(claim, data)
        between.set()
        await go_on.wait()
        return landed

    monkeypatch.setattr(site.store, "checkpoint", held_up)
    said, end = Flag(), threading.Event()

    @site.jobs.operation("/talk")
    def talk(job: Job) -> str:
        job.checkpoint("half")
        job.progress(message="the last word")
        said.raise_()
        end.wait(30)
        return "done"

    handle = await talk.submit()
    worker = await site.work()
    await said.raised()
    await between.wait()
    end.set()
    while not next(iter(worker._runs.values())).ended:
        await site.jobs.wiring.clock.sleep(0)  # a turn of the loop, no time
    go_on.set()
    assert await handle.result() == "done"
    assert (await handle.job()).progress.message == "the last word"
    assert site.signals.all("job.late_write") == []


async def test_track_reports_begin_and_end_and_counts_rows(site: Site) -> None:
    @site.jobs.operation("/rows")
    async def rows(job: Job) -> list[int]:
        return [row async for row in job.track([1, 2, 3], unit="row")]

    handle = await rows.submit()
    await site.work()
    assert await handle.result() == [1, 2, 3]
    progress = (await handle.job()).progress
    assert (progress.percent, progress.current, progress.total, progress.unit) == (100, 3, 3, "row")


async def test_log_lines_stand_in_the_history_with_their_level(site: Site) -> None:
    @site.jobs.operation("/talk")
    async def talk(job: Job) -> None:
        job.log("row 7 has no price", level="warning")
        job.log("and goes on")

    handle = await talk.submit()
    await site.work()
    await handle.result()
    lines = [msgspec.json.decode(event.data or b"") for event in await site.events(handle, EventType.LOG)]
    assert [(line["level"], line["message"]) for line in lines] == [("warning", "row 7 has no price"), ("info", "and goes on")]


async def test_a_report_under_a_lost_claim_lands_nowhere_and_ends_the_run(site: Site) -> None:
    run = ActiveRun(await claimed(site), site.jobs.wiring.clock, grace=1.0)
    assert await site.store.rescue("worker-1")
    (successor,) = await site.store.claim("worker-2", ["job"], 1)
    Job(run).progress(99, "too late")
    await reporter_of(site, run).turn()
    assert run.interruption is Interruption.LOST
    assert (await site.signals.told("job.late_write"))["write"] == "report"
    record = await site.store.get(run.job_id, SYSTEM)
    assert record is not None
    assert (record.fence, record.progress) == (successor.fence, Progress())  # type: ignore[union-attr]


async def test_what_could_not_be_stored_is_kept_for_the_next_turn(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from coatcheck.errors import StoreUnavailable

    run = ActiveRun(await claimed(site), site.jobs.wiring.clock, grace=1.0)
    job, reporter = Job(run), reporter_of(site, run)
    job.checkpoint("kept")
    job.log("first")
    job.progress(10)
    with monkeypatch.context() as away:

        async def refuse(*_: Any) -> bool:
            raise StoreUnavailable

        away.setattr(site.store, "checkpoint", refuse)
        with pytest.raises(StoreUnavailable):
            await reporter.turn()
    job.log("second")
    await reporter.turn()
    events = await site.store.events(run.job_id, SYSTEM)
    said = [msgspec.json.decode(event.data or b"") for event in events if event.type is EventType.LOG]
    assert [line["message"] for line in said] == ["first", "second"]
    record = await site.store.get(run.job_id, SYSTEM)
    assert record is not None
    assert record.progress.percent == 10  # type: ignore[union-attr]


# Going on where a lost attempt stopped -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["async", "thread"])
async def test_a_lost_attempt_is_taken_up_after_the_last_row_that_was_stored(site: Site, kind: str) -> None:
    """Each row is seen at least once, and none that was done and stored twice."""
    seen: list[tuple[int, int]] = []
    half_way, never = Flag(), threading.Event()

    def visit(job: Job, row: int) -> bool:
        """Whether the attempt is to hang from here on."""
        seen.append((job.attempt, row))
        job.checkpoint({"sum": sum(number for _, number in seen)})
        return job.attempt == 1 and row == 5

    if kind == "async":

        @site.jobs.operation("/import", name="import")
        async def import_(job: Job) -> Any:
            async for row in job.track(job.resume(range(10)), unit="row"):
                if visit(job, row):
                    half_way.raise_()
                    await asyncio.Event().wait()
            return job.last_checkpoint
    else:

        @site.jobs.operation("/import", name="import")
        def import_(job: Job) -> Any:
            for row in job.track(job.resume(range(10)), unit="row"):
                if visit(job, row):
                    half_way.raise_()
                    never.wait(30)
            return job.last_checkpoint

    handle = await import_.submit()
    await site.work("worker-1")
    await half_way.raised()
    with site.jobs.wiring.hints.bell() as bell:
        while not (checkpoint := _stored_checkpoint(site, handle.id)) or checkpoint["rows"] < 5:
            await bell.rung(30)
    assert len(await site.store.rescue("worker-1")) == 1
    assert await handle.result() == {"sum": sum(range(10)) + 5}
    never.set()
    job = await handle.job()
    assert (job.attempt, job.crashes, job.failures, job.progress.current) == (2, 1, 0, 10)
    assert [row for attempt, row in seen if attempt == 1] == [0, 1, 2, 3, 4, 5]
    assert [row for attempt, row in seen if attempt == 2] == [5, 6, 7, 8, 9]


def _stored_checkpoint(site: Site, job_id: str) -> Any:
    (body,) = site.store._readers.read(  # type: ignore[attr-defined]
        lambda db: db.execute("SELECT body FROM checkpoints JOIN jobs ON jobs.seq = job WHERE id = ?", (job_id,)).fetchone()
    ) or (None,)
    return body and msgspec.json.decode(body)


async def test_leaving_a_resume_loop_early_lets_checkpoints_through_again(site: Site) -> None:
    @site.jobs.operation("/import", retries=1)
    def import_(job: Job) -> Any:
        if job.attempt == 2:
            return job.last_checkpoint
        for row in job.resume(range(10)):
            if row == 3:
                break
        job.checkpoint("after the loop")
        raise Retry(after=3600)

    handle = await import_.submit()
    await site.work()
    await site.signals.told("job.retrying")
    assert _stored_checkpoint(site, handle.id)["value"] == "after the loop"
    assert await handle.status() is Status.QUEUED
