"""Programs and event loops: several at once, threads of one's own, what nobody waits for."""

import asyncio
import gc
import os
from pathlib import Path
from typing import Any

import pytest

from coatcheck import Job, current_job
from coatcheck.domain.state import Status
from coatcheck.errors import Cancelled
from coatcheck.programs.program import Program
from tests.programs.running import PAUSE, Listener, ended_without, python
from tests.worker.site import Site


async def test_two_programs_run_at_once(site: Site, tmp_path: Path) -> None:
    """Each waits for the other, and neither blocks the loop."""
    os.mkfifo(tmp_path / "meeting")

    @site.jobs.operation("/pair")
    async def pair(job: Job) -> Any:
        both = [job.run(["sh", "-c", f"echo hello > {tmp_path}/meeting"]), job.run(["cat", tmp_path / "meeting"])]
        return [program.output for program in await asyncio.gather(*both)]

    handle = await pair.submit()
    await site.work()
    assert await handle.result() == ["", "hello\n"]


async def test_a_helper_in_a_thread_runs_programs_blocking(site: Site) -> None:
    def helper() -> str:
        return current_job().run(["echo", "hello"]).output

    @site.jobs.operation("/threaded")
    async def threaded() -> str:
        return await asyncio.to_thread(helper)

    handle = await threaded.submit()
    await site.work()
    assert await handle.result() == "hello\n"


async def test_a_finished_program_may_be_awaited_again(site: Site) -> None:
    @site.jobs.operation("/again")
    async def again(job: Job) -> Any:
        program = await asyncio.to_thread(lambda: job.run(["echo", "hello"]))
        return (await program).output

    handle = await again.submit()
    await site.work()
    assert await handle.result() == "hello\n"


async def test_a_timeout_of_asyncio_ends_it_as_well(site: Site) -> None:
    listeners: list[Listener] = []

    @site.jobs.operation("/hurry")
    async def hurry(job: Job) -> str:
        heard = Listener()
        listeners.append(heard)

        async def be_late() -> None:
            await heard.ready.raised()
            limit.reschedule(0)

        try:
            async with asyncio.timeout(None) as limit:
                await asyncio.gather(job.run(python(PAUSE), progress=heard), be_late())
        except TimeoutError:
            return "too slow"
        return "in time"

    handle = await hurry.submit()
    await site.work()
    assert await handle.result() == "too slow"
    await ended_without(site, handle, *listeners[0].pids)


async def test_what_a_function_left_running_ends_with_the_run(site: Site) -> None:
    """When one of several fails, `asyncio.gather` leaves the others to themselves."""
    listeners: list[Listener] = []

    @site.jobs.operation("/careless")
    async def careless(job: Job) -> None:
        heard = Listener()
        listeners.append(heard)

        async def fail() -> None:
            await heard.ready.raised()
            raise ValueError("not this way")

        await asyncio.gather(job.run(python(PAUSE), progress=heard), fail())

    handle = await careless.submit()
    await site.work()
    assert (await site.failure(handle)).detail == "not this way"
    await ended_without(site, handle, *listeners[0].pids)


async def test_one_that_is_not_awaited_is_not_run_and_has_no_status(site: Site, tmp_path: Path) -> None:
    touched = tmp_path / "touched"

    @site.jobs.operation("/forgot")
    async def forgot(job: Job) -> Any:
        program = job.run(["touch", touched])
        with pytest.raises(RuntimeError, match=r"await job\.run"):
            _ = program.status
        before = touched.exists()
        await program
        return [before, touched.exists(), program.status]

    handle = await forgot.submit()
    await site.work()
    assert await handle.result() == [False, True, 0]


async def test_python_warns_of_one_that_nobody_awaits(site: Site) -> None:
    def forget(program: Program) -> None:
        del program
        gc.collect()

    @site.jobs.operation("/forgot")
    async def forgot(job: Job) -> None:
        with pytest.warns(RuntimeWarning, match="never awaited"):
            forget(job.run(["true"]))

    handle = await forgot.submit()
    await site.work()
    await handle.result()


async def test_none_is_started_once_the_run_must_end(site: Site, tmp_path: Path) -> None:
    heard = Listener()

    @site.jobs.operation("/cleanup")
    def cleanup(job: Job) -> None:
        try:
            _ = job.run(python(PAUSE), progress=heard)
        except Cancelled:
            _ = job.run(["touch", tmp_path / "touched"])

    handle = await cleanup.submit()
    await site.work()
    await heard.ready.raised()
    await handle.cancel()
    assert (await site.ended(handle)).status is Status.CANCELLED
    assert not (tmp_path / "touched").exists()
