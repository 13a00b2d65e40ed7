"""The worker inside the web process."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from coatcheck import Coatcheck
from coatcheck.domain.state import Status
from coatcheck.testing.signals import Flag, Signals
from tests.worker.site import Site


def application(tmp_path: Path, **settings: Any) -> Coatcheck:
    return Coatcheck(store=f"sqlite:///{tmp_path / 'jobs.db'}", **settings)


async def test_it_runs_jobs_while_the_application_lives(tmp_path: Path) -> None:
    jobs, before = application(tmp_path), set(threading.enumerate())

    @jobs.operation("/where")
    async def where() -> str:
        return threading.current_thread().name

    async with jobs.lifespan():
        handle = await where.submit()
        assert await handle.result() == "coatcheck-loop"
    assert [thread.name for thread in set(threading.enumerate()) - before if thread.name.startswith("coatcheck-")] == []


async def test_it_is_told_of_a_job_at_once(tmp_path: Path) -> None:
    """With a poll interval of an hour, only the hint can have told it."""
    jobs = application(tmp_path, poll_interval=3600)

    @jobs.operation("/echo")
    def echo(text: str) -> str:
        return text

    signals = Signals(jobs.telemetry)
    async with jobs.lifespan():
        await signals.told("worker.started")
        assert await (await echo.submit("hello")).result() == "hello"


async def test_the_end_of_the_application_releases_what_still_runs(tmp_path: Path) -> None:
    jobs = application(tmp_path, grace=0.01)
    signals = Signals(jobs.telemetry)
    started = Flag()

    @jobs.operation("/wait")
    async def wait() -> None:
        started.raise_()
        await asyncio.Event().wait()

    async with jobs.lifespan():
        handle = await wait.submit()
        await started.raised()
    assert await signals.told("job.released", job=handle.id)
    async with jobs.opened():
        job = await handle.job()
        assert (job.status, job.failures, job.crashes) == (Status.QUEUED, 0, 0)


async def test_a_resource_that_cannot_be_opened_keeps_the_application_from_starting(tmp_path: Path) -> None:
    jobs, before = application(tmp_path), set(threading.enumerate())

    @jobs.resource()
    async def database() -> AsyncIterator[None]:
        raise OSError("no route to the database")
        yield

    with pytest.raises(OSError, match="no route to the database"):
        async with jobs.lifespan():
            raise AssertionError("it started")
    assert [thread.name for thread in set(threading.enumerate()) - before if thread.name.startswith("coatcheck")] == []


async def test_an_application_can_be_started_again(tmp_path: Path) -> None:
    jobs = application(tmp_path)

    @jobs.operation("/echo")
    def echo(text: str) -> str:
        return text

    for text in ("first", "second"):
        async with jobs.lifespan():
            assert await (await echo.submit(text)).result() == text


async def test_a_hundred_workers_are_started_and_stopped_and_leak_neither_thread_nor_claim(site: Site) -> None:
    """F11 in one process: no deadlock, no leaked claim. Each cycle stops with a job somewhere on its way."""

    @site.jobs.operation("/echo")
    async def echo(number: int) -> int:
        return number

    before = threading.active_count()
    handles = []
    for number in range(100):
        handles.append(await echo.submit(number))
        worker = site.jobs.make_worker()
        await worker.start()
        if number % 3:
            await worker.turn()
        await worker.stop(grace=10)
        if number % 2:
            await worker.stop()
    await site.work()
    assert [await handle.result() for handle in handles] == list(range(100))
    assert all([(await handle.job()).crashes == 0 for handle in handles])
    await site.workers[0].stop()
    assert threading.active_count() <= before + 1


async def test_500_times_started_and_stopped_services_end_with_the_last_stop(site: Site) -> None:
    """F11: the services of a worker, each started and stopped in whatever order and as often as one likes."""
    services = site.jobs.make_worker()._services
    tasks = len(asyncio.all_tasks())
    for number in range(500):
        service = services[number % len(services)]
        await service.start()
        if number % 2:
            await service.start()
        await service.stop()
        if number % 5:
            await service.stop()
    assert len(asyncio.all_tasks()) == tasks
