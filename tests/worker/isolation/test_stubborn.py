"""Jobs that do not want to end (F49, F52)."""

import os
import signal
from pathlib import Path

import pytest

from coatcheck.testing.harness import eventually
from tests.faults.site import told
from tests.worker.isolation.service import Service, has_ended, serving_application

STUBBORN = ["", "blocked", "ignored", "swallowing", "stopped", "pattern", "power", "descendants"]
"""Ways to spin: as it comes, without hearing signals, in native code that never lets go of the interpreter, …"""


@pytest.mark.parametrize("how", STUBBORN)
def test_a_deadline_ends_a_process_whatever_it_does(service: Service, how: str) -> None:
    job = service.submit("overstays", how=how)
    state = service.ended(job)
    assert state["error"]["type"].endswith("job-timed-out")
    assert service.types(job)[-1] == "failed"


@pytest.mark.parametrize("how", STUBBORN)
def test_a_cancel_ends_a_process_whatever_it_does(service: Service, how: str) -> None:
    job = service.submit("endless", how=how)
    _spins(service, job)
    service.cancel(job)
    assert service.ended(job)["status"] == "cancelled"
    assert service.types(job)[-1] == "cancelled"


def test_a_plain_function_meets_its_cancel_wherever_it_is(long: Service, tmp_path: Path) -> None:
    """It waits without ever looking; its `finally` blocks run all the same."""
    job = long.submit("tells_where_it_is", directory=str(tmp_path))
    eventually((tmp_path / "pid").exists)
    long.cancel(job)
    assert long.ended(job)["status"] == "cancelled"
    assert (tmp_path / "finally").read_text() == "True False"


@pytest.mark.parametrize("operation", ["cleans_up", "cleans_up_plainly"])
def test_a_function_that_cleans_up_is_not_disturbed(long: Service, tmp_path: Path, operation: str) -> None:
    """It met its cancel; the signal that follows is for those that do not, and follows once."""
    job = long.submit(operation, directory=str(tmp_path))
    eventually((tmp_path / "pid").exists)
    long.cancel(job)
    eventually((tmp_path / "cleaning").exists)
    eventually((tmp_path / "signalled").exists)
    assert long.run("overstays", how="")["status"] == "failed"  # meanwhile it might be signalled again
    (tmp_path / "go").touch()
    assert long.ended(job)["status"] == "cancelled"
    assert (tmp_path / "finally").exists()
    assert (tmp_path / "signalled").read_text() == "signalled\n"


def test_a_blocked_event_loop_meets_its_cancel(service: Service, tmp_path: Path) -> None:
    job = service.submit("blocks_its_loop", directory=str(tmp_path))
    eventually((tmp_path / "starts").exists)
    service.cancel(job)
    assert service.ended(job)["status"] == "cancelled"


def test_a_result_beats_a_cancel(long: Service, tmp_path: Path) -> None:
    job = long.submit("returns_nevertheless", directory=str(tmp_path))
    eventually((tmp_path / "pid").exists)
    long.cancel(job)
    (tmp_path / "go").touch()
    assert long.ended(job)["result"] == "done"
    assert long.types(job) == ["accepted", "started", "cancel-requested", "completed"]


def test_a_function_that_has_returned_is_not_interrupted_any_more(long: Service, tmp_path: Path) -> None:
    job = long.submit("has_returned", directory=str(tmp_path))
    eventually((tmp_path / "pid").exists)
    long.cancel(job)
    eventually((tmp_path / "signalled").exists)
    (tmp_path / "go").touch()
    assert long.ended(job)["result"] == "done"


def test_a_cancel_that_comes_before_the_process_has_started_reaches_it(service: Service) -> None:
    """The fork server is gone, and a new one has yet to import the application."""
    (server,) = service.fork_servers()
    os.kill(server, signal.SIGKILL)
    eventually(lambda: has_ended(server))  # before that, it might still be sent the job, and take it along
    job = service.submit("endless", how="")
    eventually(lambda: "started" in service.types(job))
    service.cancel(job)
    assert service.ended(job)["status"] == "cancelled"
    assert [event for event in service.types(job) if event != "log"] == ["accepted", "started", "cancel-requested", "cancelled"]


def test_a_cancel_of_a_job_that_waits_for_its_turn_starts_no_process(service: Service) -> None:
    spinning = [service.submit("endless", how="") for _ in range(4)]
    for job in spinning:
        _spins(service, job)
    waiting = service.submit("endless", how="")
    service.cancel(waiting)
    assert service.types(waiting) == ["accepted", "cancelled"]
    for job in spinning:
        service.cancel(job)
    assert [service.ended(job)["status"] for job in spinning] == ["cancelled"] * 4


def test_a_blocked_event_loop_costs_nobody_his_lease(tmp_path: Path) -> None:
    """F52: a process's own, and the worker's, for longer than the lease of 3 s. No run is started twice, and others keep theirs.

    Nor does a worker lose one whose interpreter is held all the time, heartbeats and all.
    """
    blocking = ("holds_the_interpreter", "blocks_its_loop", "blocks_the_loop")
    for name in (*blocking, "tells_where_it_is"):
        (tmp_path / name).mkdir()
    with serving_application(tmp_path, workers=2, grace=1, lease=3, concurrency=4) as service:
        jobs = []
        for name in blocking:  # what follows the first goes to the other worker
            jobs.append(service.submit(name, directory=str(tmp_path / name)))
            eventually((tmp_path / name / "starts").exists)
        other = service.submit("tells_where_it_is", directory=str(tmp_path / "tells_where_it_is"))
        for _ in range(6):  # for the time of a lease and more, jobs that keep to theirs run beside it
            assert service.run("overstays", how="")["status"] == "failed"
        for name in blocking:
            (tmp_path / name / "go").write_text("")
        for name, job in zip(blocking, jobs, strict=True):
            assert service.ended(job)["status"] == "completed"
            assert (tmp_path / name / "starts").read_text() == "started\n"
            assert service.types(job) == ["accepted", "started", "completed"]
        service.cancel(other)
        service.ended(other)
        assert service.types(other) == ["accepted", "started", "cancel-requested", "cancelled"]
        assert told(service.process, "worker.lost") == []


def _spins(service: Service, job: str) -> None:
    """Wait until a job has printed that it spins."""
    eventually(lambda: any(event["type"] == "log" for event in service.http.get(f"/jobs/{job}/events").json()["items"]))
