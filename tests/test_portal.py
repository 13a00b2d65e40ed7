"""Plain `def` code reaches what is `async def`, without a lifespan and beside one."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from coatcheck import Coatcheck, Handle, Job
from coatcheck.bound import BoundOperation
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.state import Status
from coatcheck.errors import ConfigurationError, JobFailed, StoreUnavailable
from coatcheck.store.contract import Listing
from coatcheck.testing.harness import started

SCRIPT = """
import sys
from coatcheck import Coatcheck

jobs = Coatcheck(store=f"sqlite:///{sys.argv[1]}/jobs.db", grace=0.2)

@jobs.operation("/double")
def double(number: int) -> int:
    return 2 * number

store = jobs.wiring.store
close = store.close

async def closed():
    await close()
    print("closed")

store.close = closed
if sys.argv[2] == "serving":
    jobs.portal.begin()
handle = jobs.portal.call(double.submit, 21)
if sys.argv[2] == "serving":
    print(jobs.portal.call(handle.result))
print("end")
"""


Names = Callable[[], list[str]]


@pytest.fixture
def names() -> Names:
    """Names of our threads that were started in this test, and still run."""
    before = set(threading.enumerate())
    return lambda: [thread.name for thread in set(threading.enumerate()) - before if thread.name.startswith("coatcheck")]


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Coatcheck]:
    jobs = Coatcheck(store=f"sqlite:///{tmp_path / 'jobs.db'}", grace=1.0)
    yield jobs
    jobs.portal.close()


def doubling(jobs: Coatcheck) -> BoundOperation[Any, Any, [int], int]:
    @jobs.operation("/double")
    def double(number: int) -> int:
        if number < 0:
            raise ValueError(number)
        return 2 * number

    return double


def test_a_job_is_submitted_and_waited_for(jobs: Coatcheck) -> None:
    double = doubling(jobs)
    jobs.portal.begin()
    handle: Handle[int] = jobs.portal.call(double.options(owner="ann").submit, 21)
    assert jobs.portal.call(handle.result, timeout=30) == 42
    with pytest.raises(JobFailed):
        jobs.portal.call(jobs.portal.call(double.submit, -1).result)


def test_a_call_alone_opens_the_store_and_runs_no_jobs(jobs: Coatcheck, names: Names) -> None:
    """A script that submits something is no worker."""
    double = doubling(jobs)
    handle = jobs.portal.call(double.submit, 1)
    assert jobs.portal.call(handle.status) is Status.QUEUED
    assert "coatcheck-worker" not in names()


def test_a_host_that_begins_later_starts_the_worker(jobs: Coatcheck, names: Names) -> None:
    double = doubling(jobs)
    handle = jobs.portal.call(double.submit, 1)
    jobs.portal.begin()
    jobs.portal.begin()
    assert jobs.portal.call(handle.result) == 2
    assert names().count("coatcheck-worker") == 1


def test_nothing_is_started_before_it_is_used(jobs: Coatcheck, names: Names) -> None:
    doubling(jobs)
    assert names() == []


def test_a_start_that_fails_in_the_background_is_told_and_tried_again(jobs: Coatcheck) -> None:
    """Nobody waits for it: a host that has only jobs of earlier to run would never run them, and nobody would know why."""
    double, told, broken = doubling(jobs), threading.Event(), [True]

    @jobs.resource()
    async def database() -> AsyncIterator[None]:
        if broken:
            raise OSError("no route to the database")
        yield

    def hear(event: str, facts: Mapping[str, Any]) -> None:
        if event == "service.failed" and facts["service"] == "Portal" and "no route" in str(facts["error"]):
            told.set()

    jobs.telemetry.subscribe(hear)
    jobs.portal.begin()
    assert told.wait(30)
    broken.clear()
    handle: Handle[int] = jobs.portal.call(double.submit, 4)
    jobs.portal.begin()
    assert jobs.portal.call(handle.result, timeout=30) == 8


def test_after_close_nothing_is_left_and_a_call_begins_anew(jobs: Coatcheck, names: Names) -> None:
    double = doubling(jobs)
    jobs.portal.begin()
    handle = jobs.portal.call(double.submit, 1)
    jobs.portal.call(handle.result)
    jobs.portal.close()
    jobs.portal.close()
    assert names() == []
    assert jobs.portal.call(handle.status) is Status.COMPLETED


def test_what_is_being_opened_while_it_is_closed_is_closed_too(jobs: Coatcheck, names: Names) -> None:
    """A process may end a moment after it began."""
    opening, go_on, said = threading.Event(), threading.Event(), list[str]()
    doubling(jobs)

    @jobs.resource()
    async def database() -> AsyncIterator[None]:
        said.append("opening")
        opening.set()
        await asyncio.to_thread(go_on.wait)
        said.append("opened")
        yield
        said.append("closed")

    jobs.portal.begin()
    assert opening.wait(30)
    with ThreadPoolExecutor(1) as pool:
        closed = pool.submit(jobs.portal.close)
        go_on.set()
        closed.result(30)
    assert (said, names()) == (["opening", "opened", "closed"], [])


def test_whoever_still_waits_for_a_call_when_it_is_closed_is_told(jobs: Coatcheck) -> None:
    """Otherwise that thread, and with it the process, would never end."""
    called = threading.Event()

    async def never() -> None:
        called.set()
        await asyncio.Event().wait()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(jobs.portal.call, never)
        assert called.wait(30)
        jobs.portal.close()
        with pytest.raises(CancelledError):
            waiting.result(30)


def test_many_threads_share_it(jobs: Coatcheck, names: Names) -> None:
    """Their first calls come at once, and it is opened once."""
    double = doubling(jobs)
    with ThreadPoolExecutor(16) as pool:
        handles = list(pool.map(lambda number: jobs.portal.call(double.submit, number), range(64)))
    assert len({handle.id for handle in handles}) == 64
    assert names().count("coatcheck-portal") == 1


async def test_beside_a_lifespan_it_opens_nothing_of_its_own(jobs: Coatcheck, names: Names) -> None:
    """And whoever opens what is open shares it: the first to leave does not close it."""
    double = doubling(jobs)
    async with jobs.lifespan():
        async with jobs.opened():
            pass
        handle = await asyncio.to_thread(jobs.portal.call, double.submit, 4)
        assert await asyncio.to_thread(jobs.portal.call, handle.result) == 8
        jobs.portal.begin()
        assert names().count("coatcheck-worker") == 1
    with pytest.raises(StoreUnavailable):
        await handle.status()


def test_a_running_function_submits_another_job(jobs: Coatcheck) -> None:
    double = doubling(jobs)

    @jobs.operation("/chain")
    def chain(job: Job) -> int:
        return jobs.portal.call(jobs.portal.call(double.submit, 5).result)

    jobs.portal.begin()
    assert jobs.portal.call(jobs.portal.call(chain.submit).result) == 10


async def test_where_an_event_loop_runs_it_is_refused(jobs: Coatcheck) -> None:
    """It would stop the loop, and in the portal's own thread for ever."""
    double = doubling(jobs)
    with pytest.raises(ConfigurationError, match="await the function instead"):
        jobs.portal.call(double.submit, 1)


def test_a_fork_after_its_first_use_is_told_as_what_it_is(jobs: Coatcheck) -> None:
    """Neither threads nor connections of the parent are there; the child must not wait for them, at its end neither."""
    double = doubling(jobs)
    jobs.portal.call(double.submit, 1)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            jobs.portal.call(double.submit, 2)
        except ConfigurationError as error:
            os.write(writing, str(error).encode())
            jobs.portal.close()
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as said:
        assert "was forked after jobs.portal had been used" in said.read()
    os.waitpid(child, 0)
    jobs.portal.call(double.submit, 3)


def test_a_store_that_cannot_be_opened_is_said_and_tried_again(tmp_path: Path) -> None:
    jobs = Coatcheck(store=f"sqlite:///{tmp_path / 'missing' / 'jobs.db'}")
    double = doubling(jobs)
    with pytest.raises(ConfigurationError, match="its directory must exist"):
        jobs.portal.call(double.submit, 1)
    (tmp_path / "missing").mkdir()
    try:
        assert jobs.portal.call(jobs.portal.call(double.submit, 1).status) is Status.QUEUED
    finally:
        jobs.portal.close()


@pytest.mark.parametrize("mode", ["calling", "serving"])
def test_the_end_of_the_process_closes_it(tmp_path: Path, mode: str) -> None:
    """Without a word, and without being asked; a worker that runs is stopped first."""
    ran = subprocess.run([sys.executable, "-c", SCRIPT, tmp_path, mode], capture_output=True, text=True, check=True)
    assert ran.stdout == ("42\nend\nclosed\n" if mode == "serving" else "end\nclosed\n")
    assert ran.stderr == ""


def test_a_worker_in_it_gives_back_what_it_runs_when_the_process_ends(tmp_path: Path) -> None:
    """As with a lifespan: the run is told, waited for, and its job is queued again."""
    script = SCRIPT.replace("return 2 * number", "import threading; threading.Event().wait(60)").replace(
        "print(jobs.portal.call(handle.result))",
        "\n    while jobs.portal.call(handle.status) != 'running': pass",
    )
    with started([sys.executable, "-c", script, str(tmp_path), "serving"]) as process:
        assert process.ended() == 0, process.log
        assert "Traceback" not in process.log

    jobs = Coatcheck(store=f"sqlite:///{tmp_path / 'jobs.db'}")

    async def statuses() -> list[Status]:
        return [job.status for job in await jobs.wiring.store.list(SYSTEM, Listing())]

    try:
        assert jobs.portal.call(statuses) == [Status.QUEUED]
    finally:
        jobs.portal.close()
