"""Jobs that take too much (F50): what the kernel holds them to, and what is said of it."""

import errno
from pathlib import Path

import pytest

from coatcheck.domain.event import EVENT_LIMIT
from coatcheck.testing.harness import eventually
from tests.worker.isolation.service import MEBIBYTE, Service


@pytest.mark.parametrize("how", ["at once", "bit by bit", "for good", "drop by drop", "in its result"])
def test_a_run_that_asks_for_too_much_memory_fails_for_that(service: Service, how: str) -> None:
    job = service.submit("hogs_memory", how=how)
    assert service.ended(job)["error"]["type"].endswith("memory-exhausted")
    assert [event for event in service.types(job) if event != "log"] == ["accepted", "started", "failed"]


def test_memory_is_what_the_function_takes_beside_what_was_imported(service: Service) -> None:
    state = service.run("hogs_memory", how="within")
    assert state["result"] == 100 * MEBIBYTE, state


def test_a_run_that_says_more_than_it_has_memory_for_is_heard_at_its_end_and_hears_its_cancel(long: Service, tmp_path: Path) -> None:
    job = long.submit("says_more_than_it_has_memory_for", directory=str(tmp_path))
    eventually((tmp_path / "pid").exists)
    long.cancel(job)
    assert long.ended(job)["result"] == "heard"
    assert long.types(job).count("log") > EVENT_LIMIT / 2


def test_memory_that_python_is_told_of_as_an_os_error_is_named_in_it(service: Service) -> None:
    error = service.run("hogs_memory", how="mapped")["error"]
    assert (error["title"], str(errno.ENOMEM) in error["detail"]) == ("The operation raised OSError", True)


def test_native_code_that_does_not_look_what_it_was_given_crashes_alone(service: Service) -> None:
    other = service.submit("overstays", how="")
    error = service.run("hogs_memory", how="unseen")["error"]
    assert error["detail"].startswith("Its process was killed by SIGSEGV.")
    assert service.ended(other)["error"]["type"].endswith("job-timed-out")


@pytest.mark.parametrize("how", ["deaf", ""])
def test_a_run_that_uses_up_its_processor_time_fails_for_that(service: Service, how: str) -> None:
    """Where it ignores the signal that says so, it is killed a second later."""
    job = service.submit("burns", how=how)
    error = service.ended(job)["error"]
    assert error["type"].endswith("cpu-exhausted")
    assert error["detail"] == "The run used more processor time than its limit of 1 s."
    assert service.types(job) == ["accepted", "started", "log", "failed"]


def test_a_file_that_grows_too_large_is_an_os_error(service: Service, tmp_path: Path) -> None:
    error = service.run("writes_much", directory=str(tmp_path))["error"]
    assert (error["title"], "File too large" in error["detail"]) == ("The operation raised OSError", True)


def test_a_file_as_result_counts_too(service: Service) -> None:
    error = service.run("returns_much")["error"]
    assert "File too large" in error["detail"]


def test_a_fork_bomb_is_held_to_its_number_of_processes(service: Service) -> None:
    """F51."""
    result = service.run("forks_as_nobody")["result"]
    assert result["refused"]
    assert result["forked"] <= 50
