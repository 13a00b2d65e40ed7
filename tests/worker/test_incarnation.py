"""Ids of workers, and what can be told by them of processes."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from coatcheck.testing.harness import eventually
from coatcheck.worker.gone import ended, gone
from coatcheck.worker.incarnation import Process, keeper, new_incarnation, new_worker_id, place, worker_id
from coatcheck.worker.stat import Stat, stat

WORKER = "from coatcheck.worker.incarnation import new_worker_id; print(new_worker_id(), flush=True); input()"
KEEPER = Process("0123456789ab", 4711, started=1000)
RUNS = Stat(state="S", threads=4, started=1000)


@pytest.fixture
def process() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process, and the id of a worker that it answers for."""
    with subprocess.Popen([sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def test_each_worker_has_another_id() -> None:
    assert len({new_worker_id() for _ in range(1000)}) == 1000


def test_an_id_says_where_and_whose_it_is_and_holds_nothing_that_needs_quoting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "höst name/" + "x" * 100)
    me = stat(os.getpid())
    assert me is not None
    id_ = new_worker_id()
    assert re.fullmatch(rf"h-st-name-x{{30}}:{os.getpid()}:[0-9a-f]{{12}}-{os.getpid()}-{me.started}-[0-9a-f]{{8}}", id_)
    assert keeper(id_) == (place(), os.getpid(), me.started)


def test_a_worker_under_a_supervisor_is_its_supervisor_s_to_answer_for() -> None:
    known = keeper(worker_id(4711, new_incarnation()))
    assert known is not None
    assert known.pid == os.getpid()


def test_the_living_are_not_gone_and_the_killed_are(process: tuple[subprocess.Popen[str], str]) -> None:
    """Also while nobody has collected them. One that was only stopped may go on, and has its lease until then."""
    running, id_ = process
    assert gone([id_]) == []
    running.send_signal(signal.SIGSTOP)
    eventually(lambda: (seen := stat(running.pid)) is not None and seen.state == "T")
    assert gone([id_]) == []
    running.kill()
    eventually(lambda: (seen := stat(running.pid)) is not None and seen.state == "Z")
    assert gone([id_, new_worker_id()]) == [id_]
    running.wait()
    assert gone([id_, new_worker_id()]) == [id_]


def test_a_process_that_has_the_number_of_an_earlier_one_is_another() -> None:
    known = keeper(id_ := new_worker_id())
    assert known is not None
    earlier = id_.replace(f"-{known.started}-", f"-{known.started - 1}-")
    assert gone([id_, earlier]) == [earlier]


def test_nothing_is_said_of_processes_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another host, another boot, another namespace; whatever number is meant there is none of ours."""
    known = keeper(id_ := new_worker_id())
    assert known is not None
    earlier = id_.replace(f"-{known.started}-", "-1-")
    assert gone([earlier]) == [earlier]
    assert gone([earlier.replace(known.place, known.place[::-1])]) == []
    monkeypatch.setattr(socket, "gethostname", lambda: "elsewhere")
    assert gone([earlier]) == []


@pytest.mark.parametrize(
    "id_",
    [
        "worker-1",
        "",
        "host:4711:0123456789abcdef",
        "host:4711:01234567",
        "host:4711:0123456789ab-0-1-01234567",
        "host:4711:0123456789ab--1-1-01234567",
        "host:4711:0123456789ab-99999999999999999999-1-01234567",
        "host:4711:0123456789ab-٣-1-01234567",
    ],
)
def test_an_id_of_another_form_says_of_nobody_who_answers(id_: str) -> None:
    """Those of earlier versions, of systems without `/proc`, and those that a test makes up."""
    assert keeper(id_) is None
    assert gone([id_]) == []


@pytest.mark.parametrize("now", [RUNS, *(RUNS._replace(state=state) for state in "RDTtI")])
def test_a_process_that_sleeps_waits_or_is_stopped_has_not_ended(now: Stat) -> None:
    assert not ended(KEEPER, there=True, now=now)


@pytest.mark.parametrize(
    "now",
    [
        None,
        RUNS._replace(state="Z", threads=1),
        RUNS._replace(state="X", threads=0),
        RUNS._replace(started=1001),
        RUNS._replace(started=999),
    ],
)
def test_a_process_has_ended_if_its_number_is_nobody_s_or_another_s(now: Stat | None) -> None:
    assert ended(KEEPER, there=now is not None, now=now)


def test_a_process_that_may_not_be_looked_at_is_not_said_to_have_ended() -> None:
    """`/proc` mounted with hidepid=2, and another user's process."""
    assert not ended(KEEPER, there=True, now=None)


def test_a_process_runs_on_while_one_of_its_threads_does() -> None:
    """The first of them may have ended before the others, and is then shown as what is left of the process."""
    assert not ended(KEEPER, there=True, now=RUNS._replace(state="Z", threads=2))


def test_a_command_s_name_is_not_taken_for_fields(tmp_path: Path) -> None:
    """It may hold spaces and brackets, and bytes that are no text."""
    odd = tmp_path / ") Z 1 \udcff("
    odd.symlink_to("/bin/sleep")
    with subprocess.Popen([odd, "600"]) as process:
        try:
            eventually(lambda: b") Z 1" in Path(f"/proc/{process.pid}/comm").read_bytes())
            eventually(lambda: (seen := stat(process.pid)) is not None and seen.state == "S")
        finally:
            process.kill()
