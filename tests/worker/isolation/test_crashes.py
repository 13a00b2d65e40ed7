"""Jobs whose process dies under them (F02, F47, F48): the job is run again, and the worker goes on."""

import os
import signal
from pathlib import Path

import pytest

from coatcheck.testing.harness import eventually
from tests.faults.site import gone, told
from tests.worker.isolation.service import Service

LOST = "The job was lost 3 times; it is not started again by itself. It can be retried."


def test_a_killed_process_costs_its_job_a_crash_and_no_retry(service: Service) -> None:
    """F02: kill -9 of the job's process only."""
    job = service.submit("dies_once")
    assert service.ended(job)["result"] == 2
    assert service.types(job) == ["accepted", "started", "rescued", "started", "completed"]
    rescued = service.events(job)[2]
    assert rescued.reason == "Its process was killed by SIGKILL, as the kernel does when memory is short."


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("exit", "Its process ended with exit status 0 before the function had returned."),
        ("segfault", "Its process was killed by SIGSEGV."),
        ("crowd", "Its process was killed by SIGSEGV."),
        ("abort", "Its process was killed by SIGABRT."),
        ("group", "Its process was killed by SIGKILL, as the kernel does when memory is short."),
        ("SIGBUS", "Its process was killed by SIGBUS."),
        ("SIGTERM", "Its process was killed by SIGTERM."),
        ("SIGHUP", "Its process was killed by SIGHUP."),
    ],
)
def test_a_process_that_dies_is_no_success_and_the_reason_is_named(service: Service, how: str, reason: str) -> None:
    """F47, F48: an exit status of 0 is no result; a signal is named, and a trace that is too long holds nothing up.

    Three losses are borne, then a client may retry.
    """
    job = service.submit("dies_of", how=how)
    state = service.ended(job)
    assert state["status"] == "failed"
    assert (state["error"]["title"], state["error"]["detail"]) == ("Worker lost", f"{reason} {LOST}")
    assert state["error"]["type"].endswith("worker-lost")
    assert [event.reason for event in service.events(job) if event.type.value == "rescued"] == [reason, reason]
    assert service.http.post(f"/jobs/{job}/retry").status_code == 202
    assert service.ended(job)["error"]["detail"] == f"{reason} {LOST}"


def test_the_trace_of_a_crash_is_for_operators_alone(service: Service) -> None:
    """F48: what faulthandler wrote is in the log, and in no answer."""
    job = service.submit("dies_of", how="segfault")
    service.ended(job)
    answers = [service.http.get(path).text for path in (f"/jobs/{job}", "/jobs", f"/jobs/{job}/result")]
    assert not any("string_at" in answer or "Fatal Python" in answer or "Current thread" in answer for answer in answers)
    assert all("string_at" not in (event.data or b"").decode() for event in service.events(job))
    crashed = [line for line in told(service.process, "job.crashed") if line["job"] == job]
    assert len(crashed) == 3
    assert all("Fatal Python error: Segmentation fault" in line["exception"] and "string_at" in line["exception"] for line in crashed)


def test_a_traceback_is_for_operators_alone(service: Service) -> None:
    job = service.submit("raises", name="RecursionError")
    assert "Traceback" not in service.http.get(f"/jobs/{job}").text + str(service.ended(job))
    (line,) = [line for line in told(service.process, "job.failed") if line["job"] == job]
    assert "dying.py" in line["exception"]


def test_what_goes_wrong_in_our_own_part_of_a_process_is_told_to_operators(service: Service) -> None:
    job = service.submit("breaks", what="ourselves")
    assert service.ended(job)["error"]["detail"].startswith("Its process ended with exit status 1 before")
    crashed = [line for line in told(service.process, "job.crashed") if line["job"] == job]
    assert ["in run_job" in line["exception"] and "TypeError" in line["exception"] for line in crashed] == [True] * 3


@pytest.mark.parametrize("how", ["busy", "unarranged"])
def test_no_process_outlives_its_fork_server(service: Service, tmp_path: Path, how: str) -> None:
    """F02: the kernel ends one that is deaf, and one for which the kernel does nothing sees the end of its line."""
    job = service.submit("outlives_its_fork_server", how=how, directory=str(tmp_path))
    pid = int(eventually(lambda: (tmp_path / "pid").read_text() if (tmp_path / "pid").exists() else None))
    (server,) = service.fork_servers()
    os.kill(server, signal.SIGKILL)
    assert service.ended(job)["result"] == 2
    eventually(lambda: gone(pid))


def test_a_killed_fork_server_is_replaced(service: Service) -> None:
    """F02: the processes it had forked go with it, and cost their jobs a crash; the next job gets another one."""
    (before,) = service.fork_servers()
    job = service.submit("kills_its_fork_server", times=1)
    assert service.ended(job)["result"] == 2
    (rescued,) = [event for event in service.events(job) if event.type.value == "rescued"]
    assert rescued.reason == "The process that its process was forked from died."
    (after,) = service.fork_servers()
    assert after != before


def test_a_job_that_kills_its_fork_server_again_and_again_is_failed(service: Service) -> None:
    job = service.submit("kills_its_fork_server", times=3)
    state = service.ended(job)
    assert state["error"]["detail"] == f"The process that its process was forked from died. {LOST}"
    assert service.http.post(f"/jobs/{job}/retry").status_code == 202
    assert service.ended(job)["result"] == 4
