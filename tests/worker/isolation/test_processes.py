"""Single moments between a worker and its fork server, with a worker on the test's own event loop."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from coatcheck.testing.harness import eventually
from coatcheck.worker.heartbeat import Heartbeat
from coatcheck.worker.isolation import frame
from coatcheck.worker.isolation.connection import ForkServerConnection
from coatcheck.worker.run import Interruption
from coatcheck.worker.worker import Worker
from tests.faults.site import gone
from tests.worker.isolation.test_home import APPLICATION
from tests.worker.site import Site, service_of

MORE = """
import signal, tempfile, threading

if sys.argv[0].endswith("fork_server.py"):
    fork, refusals = os.fork, [*[BlockingIOError(11, "too many")] * 3, OSError(12, "too little memory")]

    def refusing():
        if os.path.exists("refuse") and refusals:
            raise refusals.pop(0)
        return fork()

    os.fork = refusing

@jobs.operation("/obey", isolation="process")
def obey(job: Job) -> str:
    while not job.cancelled:
        threading.Event().wait(0.01)
    return "heard"

@jobs.operation("/hold", isolation="process")
def hold(job: Job) -> int:
    if job.attempt == 1:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open("new", "w").write(str(os.getpid()))
        os.rename("new", "pid")
        threading.Event().wait()
    return job.attempt

@jobs.operation("/hear", isolation="process")
def hear() -> int:
    signal.signal(signal.SIGUSR1, lambda *_: None)
    files = [tempfile.TemporaryFile() for _ in range(64)]
    os.kill(os.getpid(), signal.SIGUSR1)
    return sum(os.fstat(file.fileno()).st_size for file in files)

@jobs.operation("/copy", isolation="process")
def copy(how: str) -> str:
    if os.fork() == 0:
        if how == "returns":
            return "what the copy says"
        raise ValueError("from the copy")
    os.wait()
    os._exit(0)
"""


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    """Of an application in a module, which its fork server imports again."""
    (tmp_path / "small.py").write_text(APPLICATION + MORE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COATCHECK_GRACE", "600")
    monkeypatch.setenv("COATCHECK_STORE", f"sqlite:///{tmp_path / 'jobs.db'}")
    monkeypatch.delitem(sys.modules, "small", raising=False)
    jobs = import_module("small").jobs
    async with jobs.opened():
        site = Site(jobs)
        yield site
        for worker in site.workers:
            await worker.stop(grace=0)
    del sys.modules["small"]


async def submitted(operation: str = "where", *arguments: Any) -> Any:
    return await getattr(import_module("small"), operation).submit(*arguments)


async def held(directory: Path) -> int:
    """The pid of the job's process that holds on."""
    await asyncio.to_thread(eventually, (directory / "pid").exists)
    return int((directory / "pid").read_text())


def server_of(worker: Worker) -> ForkServerConnection:
    server = worker._runners._processes._server
    assert server is not None
    return server


async def test_a_fork_server_that_has_ended_unseen_is_replaced_without_a_crash(site: Site) -> None:
    """It ends between two looks of the worker at it: when a job is to be forked, sending it there fails."""
    worker = await site.work()
    ended: list[int] = []

    def end_it(event: str, _: Mapping[str, Any]) -> None:
        server = server_of(worker)
        if event == "job.started" and not ended:
            server._process.kill()
            ended.append(server._process.wait())
            assert not server.lost

    site.jobs.telemetry.subscribe(end_it)
    handle = await submitted()
    module, attempt, _ = await handle.result()
    assert (ended, module, attempt) == ([-9], "small", 1)
    assert (await handle.job()).crashes == 0


async def test_a_request_that_is_too_long_for_the_line_starts_no_process(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    await site.work()
    monkeypatch.setattr(frame, "LARGEST", 10)
    handle = await submitted()
    problem = await site.failure(handle)
    assert problem.kind == "worker-lost"
    assert "too long for a job's process" in (problem.detail or "")
    assert site.signals.all("job.crashed", job=handle.id)


async def test_a_worker_without_isolated_operations_starts_no_fork_server(site: Site) -> None:
    worker = await site.work(operations=[])
    assert worker._runners._processes._server is None


async def test_a_worker_that_was_stopped_has_no_fork_server_any_more(site: Site) -> None:
    worker = await site.work()
    server = server_of(worker)
    await worker.stop(grace=0)
    assert server._process.returncode == 0


async def test_where_no_process_can_be_made_for_a_while_it_is_tried_again(site: Site, tmp_path: Path) -> None:
    """F51: a fork bomb elsewhere takes all there are. Should there be too little memory for one, the run is lost, and the next has it."""
    await site.work()
    (tmp_path / "refuse").touch()
    handle = await submitted()
    _, attempt, _ = await handle.result()
    assert (attempt, (await handle.job()).crashes) == (2, 1)
    [crashed] = site.signals.all("job.crashed", job=handle.id)
    assert crashed["reason"] == "No process could be made for it: there are too many, or too little memory."


async def test_a_run_that_was_cancelled_before_it_had_a_process_hears_of_it(site: Site) -> None:
    worker = await site.work()

    def cancel(event: str, facts: Mapping[str, Any]) -> None:
        if event == "job.started":
            worker._runs[facts["job"].id].interrupt(Interruption.CANCELLED)

    site.jobs.telemetry.subscribe(cancel)
    handle = await submitted("obey")
    async with asyncio.timeout(30):
        assert await handle.result() == "heard"


async def test_a_run_whose_claim_was_lost_is_killed_at_once(site: Site, tmp_path: Path) -> None:
    """Another runs the job by now; nothing of it is to go on for the time of a grace."""
    worker = await site.work()
    handle = await submitted("hold")
    pid = await held(tmp_path)
    await worker.drain(0)
    await site.store.rescue(worker.id)
    await service_of(worker, Heartbeat).turn()
    await site.signals.told("job.late_write", job=handle.id)
    assert gone(pid)


async def test_a_fork_server_that_breaks_its_line_is_replaced(site: Site, tmp_path: Path) -> None:
    """Whatever an application's import has made of it."""
    worker = await site.work()
    handle = await submitted("hold")
    pid, server = await held(tmp_path), server_of(worker)
    server._reader.feed_data(b"junk" * 100)
    async with asyncio.timeout(30):
        assert await handle.result() == 2
    assert gone(pid)
    assert server_of(worker) is not server


@pytest.mark.parametrize("how", ["returns", "raises"])
async def test_a_copy_does_not_speak_for_a_process_that_died(site: Site, how: str) -> None:
    """F47, F51: the only result or failure that is ever heard is that of a copy, which the function has made by forking."""
    await site.work()
    problem = await site.failure(await submitted("copy", how))
    assert (problem.detail or "").startswith("Its process ended with exit status 0 before the function had returned.")


async def test_a_signal_writes_nothing_into_what_a_job_has_open(site: Site) -> None:
    """F55: the process it was forked from has signals written into a descriptor, whose number is a file's here."""
    await site.work()
    assert await (await submitted("hear")).result() == 0
