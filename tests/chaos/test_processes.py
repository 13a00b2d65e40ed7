"""Which processes may be killed: those below this one, and no other."""

import os
import signal
import sys
from collections.abc import Iterator

import pytest

from chaos.processes import Descendant, descendants, send
from coatcheck.testing.harness import Process, eventually, started

PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import signal; signal.pause()', '_worker'])"


@pytest.fixture
def parent() -> Iterator[Process]:
    """A process with a child that looks like a worker."""
    with started([sys.executable, "-c", PARENT, "serve"]) as process:
        yield process
        for child in below(process).values():
            send(child, signal.SIGKILL)


def below(parent: Process) -> dict[str, Descendant]:
    return {process.role: process for process in descendants() if process.supervisor == parent.pid}


def test_what_a_process_of_ours_started_is_found_and_can_be_killed(parent: Process) -> None:
    found = eventually(lambda: seen if (seen := below(parent)).keys() == {"supervisor", "worker"} else None)
    assert found["supervisor"].pid == parent.pid
    assert send(found["worker"], signal.SIGKILL)
    assert parent.ended() == 0
    assert below(parent) == {}


def test_what_lost_its_parent_is_no_supervisor() -> None:
    with started([sys.executable, "-c", "import signal; signal.pause()"]) as process:
        assert {found.role for found in descendants() if found.pid == process.pid} == {"orphan"}


def test_what_has_ended_gets_no_signal(parent: Process) -> None:
    found = eventually(lambda: seen if (seen := below(parent)).keys() == {"supervisor", "worker"} else None)
    assert send(found["worker"], signal.SIGKILL)
    parent.ended()
    assert not send(found["worker"], signal.SIGKILL)


@pytest.mark.parametrize("pid", [1, os.getppid()], ids=["init", "parent"])
def test_nobody_else_gets_a_signal(pid: int) -> None:
    """Were it sent, it would be one that asks for nothing."""
    assert not send(Descendant(pid, "worker", pid), signal.SIGCONT)
