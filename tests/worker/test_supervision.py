"""What a supervisor does about its workers, with real ones: it leaves nothing of those that ended, and replaces them in time."""

import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from coatcheck.cli.supervise import api_children
from coatcheck.domain.state import Status
from coatcheck.testing.harness import Process, eventually
from coatcheck.testing.signals import Flag
from coatcheck.worker.child import Child
from coatcheck.worker.incarnation import keeper
from coatcheck.worker.restarts import FIRST_PAUSE, LONGEST_PAUSE, STORM, STORM_PAUSE, STORM_PERIOD, Restarts
from tests.faults import application
from tests.faults.site import LEASE, Site, gone, kill, site_in, told
from tests.worker.site import opened

Serve = Callable[..., Process]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Site]:
    with site_in(tmp_path, grace=0.5) as site:
        yield site


@pytest.fixture
def serve(machine: Site) -> Iterator[Serve]:
    """Starts a server, which is told to end with the test: killed, it would leave behind what jobs have started."""
    started: list[Process] = []

    def serve(**settings: Any) -> Process:
        started.append(machine.serve(**settings))
        return started[-1]

    yield serve
    for server in started:
        if server.status is None:
            server.signal(signal.SIGTERM)
        assert server.ended() == 0


def litter(site: Site) -> tuple[str, int, list[int]]:
    """A job that has started processes: its id, its worker's pid, and theirs."""
    job_id = site.submit("litter", {"directory": str(site.directory)})
    ((_, _, worker),) = site.runs(job_id, 1)
    return job_id, worker, [int(pid) for pid in (site.directory / f"{job_id}.litter-1").read_text().split()]


# What is left of them -----------------------------------------------------------------------------------------------


def test_nothing_that_a_killed_worker_started_still_runs_when_its_job_runs_again(machine: Site, serve: Serve) -> None:
    """F51: its children, their orphans, and a daemon. Nobody but its supervisor takes the job back as long as that lives."""
    server = serve(lease=60)
    job_id, worker, started = litter(machine)
    assert len(started) == 4
    assert not any(gone(pid) for pid in started)
    kill(worker)
    machine.runs(job_id, 2)
    assert all(gone(pid) for pid in started)
    (lost,) = told(server, "worker.lost")
    assert lost["reason"] == "SIGKILL"
    known = keeper(lost["worker"])
    assert known is not None
    assert known.pid == server.pid


def test_what_another_worker_started_is_left_alone(machine: Site, serve: Serve) -> None:
    serve(workers=2, concurrency=1)
    (first, doomed, _), (_, _, others) = litter(machine), litter(machine)
    others.remove(daemon_of(others))  # nobody can tell whose it was
    kill(doomed)
    machine.runs(first, 2)
    assert not any(gone(pid) for pid in others)


def daemon_of(pids: list[int]) -> int:
    """The one that leads a session of its own, once it does: its number was known before."""
    return eventually(lambda: next((pid for pid in pids if leads_session(pid)), None))


def leads_session(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[3] == str(pid)


def test_nothing_is_left_when_a_supervisor_has_ended(machine: Site, serve: Serve) -> None:
    server = serve()
    _, _, started = litter(machine)
    server.signal(signal.SIGTERM)
    assert server.ended() == 0
    assert all(gone(pid) for pid in started)


def test_a_supervisor_collects_orphans_that_end_while_their_worker_lives(machine: Site, serve: Serve) -> None:
    """No zombies: in a container it may be the first process, with nobody above it who would."""
    server = serve(lease=LEASE)  # it looks five times in one
    _, worker, started = litter(machine)
    daemon = daemon_of(started)
    assert daemon in server.children()
    kill(daemon)
    eventually(lambda: daemon not in server.children())
    assert worker in server.children()


# Their replacement --------------------------------------------------------------------------------------------------


def test_a_killed_child_is_started_again_at_once() -> None:
    """However often, at a rate no storm has, and even before it was ready."""
    restarts = Restarts()
    apart = 1.01 * STORM_PERIOD / (STORM - 1)
    assert {restarts.pause(number * apart, status=-9, ready=number % 2 == 0) for number in range(300)} == {0.0}


def test_a_child_that_ends_before_it_is_ready_is_started_after_a_growing_pause() -> None:
    restarts = Restarts()
    pauses = [restarts.pause(number * 100, status=2, ready=False) for number in range(8)]
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert (pauses[0], pauses[-1]) == (FIRST_PAUSE, LONGEST_PAUSE)
    assert restarts.pause(900, status=-9, ready=True) == 0.0
    assert restarts.pause(1000, status=2, ready=False) == FIRST_PAUSE


def test_a_storm_of_deaths_is_slowed_down() -> None:
    restarts = Restarts()
    pauses = [restarts.pause(number * 0.1, status=-9, ready=True) for number in range(STORM + 1)]
    assert pauses == [0.0] * (STORM - 1) + [STORM_PAUSE] * 2
    assert restarts.pause(100, status=-9, ready=True) == 0.0


async def test_a_child_is_ready_once_it_gave_a_sign_of_life_and_each_process_anew() -> None:
    signs = iter(["echo >&", "true "])
    child = Child("shell", lambda _, alive: ["bash", "-c", f"{next(signs)}{alive}"])
    for ready in (True, False):
        await child.start(now=0.0)
        assert not child.ready
        assert await child.ended() == 0
        assert child.ready is ready


async def test_a_worker_says_that_it_is_ready_when_it_begins_to_claim(tmp_path: Path) -> None:
    """Not a heartbeat later, which is for ever here."""
    ready = Flag()
    async with opened(tmp_path, lease=1e6, stall_limit=1e6) as site:
        await site.work(alive=ready.raise_)
        await ready.raised()


async def test_the_api_says_that_it_is_ready_when_it_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(application.__file__).parent)
    monkeypatch.setenv("COATCHECK_STORE", f"sqlite:///{tmp_path / 'jobs.db'}")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        (api,) = api_children("application:jobs", listener, count=1, grace=1.0, access_log=False, log_format="plain")
        await api.start(now=0.0)
        eventually(lambda: heard(api))
        api.signal(signal.SIGTERM)
        assert await api.ended() == 0


def heard(child: Child) -> bool:
    child.hear(now=1.0)
    return child.ready


# A worker with a run that does not end --------------------------------------------------------------------------------


def long_job(site: Site) -> tuple[str, Path]:
    """A job that holds its slot, and the file that lets go of it alone."""
    directory = site.directory / "long"
    directory.mkdir()
    job_id = site.submit("hold", {"directory": str(directory)})
    eventually((directory / f"{job_id}.runs").exists)
    return job_id, directory / "go"


def test_a_job_whose_function_ignores_its_cancel_is_cancelling_until_its_process_has_ended(machine: Site, serve: Serve) -> None:
    """Law 7: the worker claims no more, waits for its other runs, is replaced, and only then is the job cancelled."""
    server = serve(lease=60, concurrency=2)
    stuck = machine.hold()
    ((_, _, worker),) = machine.runs(stuck, 1)
    other, let_go = long_job(machine)
    assert machine.api.delete(f"/jobs/{stuck}").status_code == 202
    eventually(lambda: told(server, "worker.draining"))
    late = machine.submit("echo", {"text": "late"})
    assert not gone(worker)
    assert (machine.state(stuck)["status"], machine.state(other)["status"]) == (Status.CANCELLING, Status.RUNNING)
    let_go.touch()
    assert machine.ended(other)["result"]["attempt"] == 1
    assert machine.ended(stuck)["status"] == Status.CANCELLED
    assert gone(worker)
    assert machine.ended(late)["result"] == "late"
    assert not told(server, "worker.lost")
    job = machine.job(stuck)
    assert (job.status, job.attempt, job.error) == (Status.CANCELLED, 1, None)


def test_a_job_whose_function_ignores_its_deadline_has_failed_once_the_grace_is_over(machine: Site, serve: Serve) -> None:
    """Law 7: its worker still waits for another run then, and is replaced after that."""
    server = serve(lease=60, concurrency=2)
    other, let_go = long_job(machine)
    stuck = machine.submit("overstay", {"directory": str(machine.directory)})
    ((_, _, worker),) = machine.runs(stuck, 1)
    assert machine.ended(stuck)["error"]["type"].endswith("/problems/job-timed-out")
    assert not gone(worker)
    assert machine.state(other)["status"] == Status.RUNNING
    let_go.touch()
    assert machine.ended(other)["result"]["attempt"] == 1
    eventually(lambda: gone(worker))
    next_id = machine.submit("echo", {"text": "next"})
    assert machine.ended(next_id)["result"] == "next"
    assert not told(server, "worker.lost")
    machine.check(other, stuck, next_id)
