"""Programs that are told to end, and what they started: nothing is left of them."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from coatcheck.domain.event import EventType
from coatcheck.domain.state import Status
from coatcheck.programs.execute import GRACE
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.harness import eventually
from coatcheck.worker.watchdog import Watchdog
from tests.programs.running import KINDS, NAME, PAUSE, STUBBORN, Listener, ended_without, gone, logged, parent_of, python, run
from tests.worker.site import Site, service_of

pytestmark = pytest.mark.parametrize("kind", KINDS)


async def test_a_cancel_ends_it(site: Site, kind: str) -> None:
    heard = Listener()
    handle = await run(site, kind, python(PAUSE), progress=heard)
    await heard.ready.raised()
    await handle.cancel()
    job = await ended_without(site, handle, *heard.pids)
    assert (job.status, job.error) == (Status.CANCELLED, None)


async def test_a_cancel_ends_what_it_started_though_that_ignores_sigterm(site: Site, kind: str) -> None:
    heard = Listener()
    handle = await run(site, kind, python(parent_of(STUBBORN)), progress=heard)
    await heard.ready.raised()
    assert len(heard.pids) == 2
    await handle.cancel()
    job = await ended_without(site, handle, *heard.pids)
    assert job.status is Status.CANCELLED


async def test_a_cancel_lets_it_clean_up_and_hears_its_last_words(site: Site, kind: str) -> None:
    heard = Listener()
    handler = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit('cleaned up'))\n"
    handle = await run(site, kind, python(handler + PAUSE), progress=heard)
    await heard.ready.raised()
    await handle.cancel()
    assert (await site.ended(handle)).status is Status.CANCELLED
    assert (await logged(site, handle))[1:] == ["ready", "cleaned up"]


async def test_one_that_ignores_sigterm_is_killed_after_the_grace_and_no_sooner(
    timed: Site, kind: str, clock: FakeClock, tmp_path: Path
) -> None:
    heard, asked = Listener(), tmp_path / "asked"
    handler = f"import signal\nsignal.signal(signal.SIGTERM, lambda *_: open({str(asked)!r}, 'w').close())\n"
    handle = await run(timed, kind, python(handler + PAUSE + "\nwhile True: signal.pause()"), progress=heard)
    await heard.ready.raised()
    await handle.cancel()
    clock.advance(timed.jobs.settings.poll_interval)
    await asyncio.to_thread(eventually, asked.exists)
    clock.advance(GRACE - 1)
    (pid,) = heard.pids
    assert not gone(pid)
    assert (await handle.job()).status is Status.CANCELLING
    clock.advance(1)
    job = await ended_without(timed, handle, pid)
    assert job.status is Status.CANCELLED


async def test_a_deadline_of_the_job_ends_it(timed: Site, kind: str, clock: FakeClock) -> None:
    heard = Listener()
    handle = await run(timed, kind, python(PAUSE), policy={"timeout": 5}, progress=heard)
    await heard.ready.raised()
    clock.advance(6)
    await service_of(timed.workers[0], Watchdog).turn()
    job = await ended_without(timed, handle, *heard.pids)
    assert (job.status, job.error.kind) == (Status.FAILED, "job-timed-out")  # type: ignore[union-attr]


async def test_a_timeout_of_its_own_ends_it(timed: Site, kind: str, clock: FakeClock) -> None:
    heard = Listener()
    handle = await run(timed, kind, python(PAUSE), timeout=60, progress=heard)
    await heard.ready.raised()
    clock.advance(59)
    assert not gone(*heard.pids)
    clock.advance(1)
    job = await ended_without(timed, handle, *heard.pids)
    assert job.error is not None
    assert (job.error.title, job.error.detail) == ("The operation raised TimeoutError", f"{NAME} did not end within 60 s.")


async def test_a_worker_that_stops_leaves_none_behind(site: Site, kind: str) -> None:
    """Though it ignores SIGTERM: it is given less time than the run has."""
    heard = Listener()
    handle = await run(site, kind, python(STUBBORN), progress=heard)
    await heard.ready.raised()
    await site.workers[0].stop(grace=0)
    await asyncio.to_thread(eventually, lambda: gone(*heard.pids))
    assert (await handle.job()).status is Status.QUEUED
    assert [event.type for event in await site.events(handle)][-1] is EventType.RELEASED


async def test_a_parser_that_raises_fails_the_job_and_ends_it(site: Site, kind: str) -> None:
    pids: list[int] = []

    def read(line: str) -> None:
        pids.append(int(line))
        raise KeyError("no such frame")

    handle = await run(site, kind, python(PAUSE), progress=read)
    failure = await site.failure(handle)
    assert (failure.title, failure.detail) == ("The operation raised KeyError", "'no such frame'")
    job = await ended_without(site, handle, *pids)
    assert job.status is Status.FAILED


async def test_a_parser_that_raises_over_the_last_line_fails_the_job(site: Site, kind: str) -> None:
    def read(line: str) -> None:
        raise KeyError(line)

    handle = await run(site, kind, ["printf", "frame"], progress=read)
    assert (await site.failure(handle)).detail == "'frame'"


async def test_progress_that_is_no_number_fails_the_job_and_ends_it(site: Site, kind: str) -> None:
    heard = Listener()

    def read(line: str) -> Any:
        heard(line)
        return float("nan") if line == "ready" else None

    handle = await run(site, kind, python(PAUSE), progress=read)
    assert (await site.failure(handle)).title == "The operation raised ValueError"
    await ended_without(site, handle, *heard.pids)


async def test_what_it_leaves_running_is_ended_with_it(site: Site, kind: str) -> None:
    """It holds the pipe, and is not what anybody waits for."""
    heard = Listener()
    handle = await run(site, kind, ["sh", "-c", "sleep 1000 & echo $!"], progress=heard)
    assert (await handle.result())[0] == 0
    await ended_without(site, handle, *heard.pids)


async def test_one_that_left_its_group_and_holds_the_pipe_is_not_waited_for(site: Site, kind: str) -> None:
    heard = Listener()
    script = "import subprocess\nprint(subprocess.Popen(['sleep', '1000'], start_new_session=True).pid)"
    handle = await run(site, kind, python(script), progress=heard)
    assert (await handle.result())[0] == 0
    (daemon,) = heard.pids
    try:
        assert not gone(daemon)
    finally:
        os.kill(daemon, signal.SIGKILL)
        await asyncio.to_thread(eventually, lambda: gone(daemon))
