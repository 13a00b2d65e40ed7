"""What runs borrow from their worker."""

import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from coatcheck import Content, Job
from coatcheck.worker.embedded import EmbeddedWorker
from tests.worker.site import Site


async def test_a_workers_resource_is_opened_once_for_all_runs_and_closed_at_the_end(site: Site) -> None:
    log: list[str] = []

    @site.jobs.resource()
    async def database() -> AsyncIterator[list[str]]:
        log.append(f"opened on {threading.current_thread().name}")
        yield log
        log.append(f"closed on {threading.current_thread().name}")

    @site.jobs.operation("/async")
    async def asynchronous(job: Job) -> None:
        job.resource(database).append("used")

    @site.jobs.operation("/thread")
    def threaded(job: Job) -> None:
        job.resource(database).append("used")

    handles = [await asynchronous.submit(), await threaded.submit(), await asynchronous.submit()]
    worker = await site.work()
    for handle in handles:
        await handle.result()
    await worker.stop()
    assert log == ["opened on coatcheck-loop", *["used"] * 3, "closed on coatcheck-loop"]


@pytest.mark.parametrize("kind", ["async", "thread"])
async def test_a_jobs_resource_is_opened_for_each_run_and_hears_how_it_ended(site: Site, kind: str) -> None:
    log: list[str] = []

    @site.jobs.resource(scope="job")
    async def transaction() -> AsyncIterator[int]:
        log.append("begin")
        try:
            yield len(log)
        except ValueError:
            log.append("roll back")
            raise
        log.append("commit")

    if kind == "async":

        @site.jobs.operation("/work", name="work")
        async def work(job: Job, *, fail: bool) -> int:
            if fail:
                raise ValueError
            return job.resource(transaction)
    else:

        @site.jobs.operation("/work", name="work")
        def work(job: Job, *, fail: bool) -> int:
            if fail:
                raise ValueError
            return job.resource(transaction)

    await site.work()
    assert await (await work.submit(fail=False)).result() == 1
    await site.failure(await work.submit(fail=True))
    assert log == ["begin", "commit", "begin", "roll back"]


@pytest.mark.parametrize("kind", ["async", "thread"])
async def test_a_resource_cannot_hide_that_a_run_failed(site: Site, kind: str) -> None:
    """One that forgets to raise again what it caught would make a failure a success without a value."""

    @site.jobs.resource(scope="job")
    async def forgetful() -> AsyncIterator[None]:
        with suppress(ValueError):
            yield

    if kind == "async":

        @site.jobs.operation("/work", name="work")
        async def work() -> None:
            raise ValueError("no such month")
    else:

        @site.jobs.operation("/work", name="work")
        def work() -> None:
            raise ValueError("no such month")

    handle = await work.submit()
    await site.work()
    assert (await site.failure(handle)).detail == "no such month"


@pytest.mark.parametrize("when", ["opening", "closing"])
async def test_a_jobs_resource_that_raises_fails_the_job(site: Site, when: str) -> None:
    @site.jobs.resource(scope="job")
    async def broken() -> AsyncIterator[None]:
        if when == "opening":
            raise OSError("opening")
        yield
        raise OSError("closing")

    @site.jobs.operation("/async")
    async def asynchronous() -> None: ...

    @site.jobs.operation("/thread")
    def threaded() -> None: ...

    handles = [await asynchronous.submit(), await threaded.submit()]
    await site.work()
    assert [(await site.failure(handle)).detail for handle in handles] == [when, when]


async def test_a_workers_resource_that_raises_stops_the_start_and_closes_those_before_it(site: Site) -> None:
    log: list[str] = []

    @site.jobs.resource()
    async def first() -> AsyncIterator[None]:
        log.append("opened")
        try:
            yield
        finally:
            log.append("closed")

    @site.jobs.resource()
    async def second() -> AsyncIterator[None]:
        raise OSError("no route to the database")
        yield

    before = set(threading.enumerate())
    embedded = EmbeddedWorker(site.jobs.make_worker)
    with pytest.raises(OSError, match="no route to the database"):
        await embedded.start()
    assert log == ["opened", "closed"]
    left = set(threading.enumerate()) - before
    assert [thread.name for thread in left if thread.name in ("coatcheck-loop", "coatcheck-worker")] == []
    assert site.signals.all("worker.started") == []


async def test_asking_for_what_is_no_resource_says_what_to_write(site: Site) -> None:
    async def forgotten() -> AsyncIterator[None]:
        yield

    @site.jobs.operation("/work")
    async def work(job: Job) -> None:
        job.resource(forgotten)

    handle = await work.submit()
    await site.work()
    assert "forgotten is no resource of this application; decorate it" in ((await site.failure(handle)).detail or "")


@pytest.mark.parametrize("kind", ["async", "thread"])
async def test_a_file_in_a_folder_of_the_jobs_own_can_be_its_result(site: Site, kind: str, tmp_path: Path) -> None:
    """The folder is gone with the resource; the file was kept before."""

    @site.jobs.resource(scope="job")
    async def folder() -> AsyncIterator[Path]:
        with TemporaryDirectory(dir=tmp_path) as name:
            yield Path(name)

    def write(job: Job) -> Path:
        file = job.resource(folder) / "report.txt"
        file.write_text("all well")
        return file

    if kind == "async":

        @site.jobs.operation("/work", name="work")
        async def work(job: Job) -> Path:
            return write(job)
    else:

        @site.jobs.operation("/work", name="work")
        def work(job: Job) -> Path:
            return write(job)

    await site.work()
    result = await (await work.submit()).result()
    assert isinstance(result, Content)
    assert isinstance(result.body, Path)
    assert result.body.read_text() == "all well"
