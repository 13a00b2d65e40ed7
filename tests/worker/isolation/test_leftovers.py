"""Jobs that leave something behind, or break what is around them (F51, F55): nothing of it reaches the next job."""

import signal
from pathlib import Path

import pytest

from coatcheck.testing.harness import eventually
from tests.faults.site import gone
from tests.worker.isolation.service import Service


@pytest.mark.parametrize("what", ["forks", "copy", "raising copy", "daemon", "holder", "threads", "exit handler", "stopped"])
def test_what_a_job_leaves_running_ends_with_it(service: Service, tmp_path: Path, what: str) -> None:
    """F51. A copy of its process does not speak for it, what holds its output and its line does not hold it up, no exit handler runs."""
    job = service.submit("leaves", what=what, directory=str(tmp_path))
    assert service.ended(job)["result"] == what
    assert service.left() == []
    assert service.types(job).count("started") == 1
    assert list(tmp_path.iterdir()) == []


def test_what_a_running_job_has_started_is_left_alone_when_another_ends(service: Service, tmp_path: Path) -> None:
    """Its daemon, too, whose parent has ended."""
    job = service.submit("stays", directory=str(tmp_path))
    eventually((tmp_path / "pids").exists)
    assert service.run("echo", text="another")["result"] == "another"
    assert not any(gone(int(pid)) for pid in (tmp_path / "pids").read_text().split())
    service.cancel(job)
    assert service.ended(job)["status"] == "cancelled"


@pytest.mark.parametrize("what", ["standard descriptors", "surroundings"])
def test_a_job_may_break_what_is_its_own(service: Service, what: str) -> None:
    before = service.run("surroundings")["result"]
    assert service.run("breaks", what=what)["result"] == what
    assert service.run("surroundings")["result"] == before


@pytest.mark.parametrize("what", ["all descriptors", "all descriptors for long"])
def test_a_job_that_closes_its_line_is_lost(service: Service, what: str) -> None:
    """Nothing it returned could be heard; and nobody waits for it to end."""
    error = service.run("breaks", what=what)["error"]
    assert error["type"].endswith("worker-lost")
    assert "SIGABRT" in error["detail"] or "It closed its line to the worker." in error["detail"]  # by the event loop that misses its own


def test_a_job_that_has_returned_is_completed_however_late_its_process_ends(service: Service) -> None:
    """It says so and closes its line. That its process has ended may be heard much later on a busy machine; this one never does."""
    job = service.submit("breaks", what="its end")
    assert service.ended(job)["result"] == "its end"
    assert service.types(job).count("started") == 1


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("junk", "announced a message of"),
        ("announcements", "announced a message of 4294967295 bytes"),
        ("nesting", "broke its line"),
    ],
)
def test_a_job_that_writes_into_its_line_is_lost(service: Service, what: str, reason: str) -> None:
    """F55: what it wrote is told from a message, and no announcement makes anybody make room for it."""
    error = service.run("breaks", what=what)["error"]
    assert error["type"].endswith("worker-lost")
    assert reason in error["detail"]


def test_a_job_finds_nothing_of_the_process_it_was_forked_from(service: Service) -> None:
    """Not the socket to its worker, nor what it waits on, nor how it hears signals; and a crash leaves no image of its memory."""
    (server,) = service.fork_servers()
    theirs = {str(entry.readlink()) for entry in Path(f"/proc/{server}/fd").iterdir()} - {"/dev/null"}
    surroundings = service.run("surroundings")["result"]
    assert (set(surroundings["handlers"]), surroundings["core"]) == ({repr(signal.SIG_DFL)}, [0, 0])
    found = service.run("descriptors")["result"]
    assert len(theirs) > 3
    assert [link for link in found if link in theirs and "anon_inode" not in link] == []
    assert sum(link.startswith("socket:") for link in found) >= 1
