"""Named points where a test can make the process die, stall or fail."""

import os
import signal
import subprocess
import sys

import pytest

from coatcheck.failpoints import NAMES, arm, failpoint

PASSES = "from coatcheck.failpoints import arm, failpoint; arm('{0}={1}'); failpoint('{0}'); print('alive')"


def in_a_process(name: str, action: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", PASSES.format(name, action)], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_point_that_is_not_armed_does_nothing(name: str) -> None:
    failpoint(name)


@pytest.mark.parametrize("name", NAMES)
def test_an_armed_point_fails_once(name: str) -> None:
    arm(f"{name}=oserror")
    with pytest.raises(OSError, match=f"failpoint {name}"):
        failpoint(name)
    failpoint(name)


def test_only_the_point_that_is_named_is_armed() -> None:
    arm("settle.before_commit=oserror")
    failpoint("settle.after_commit")


def test_a_number_says_at_which_passage() -> None:
    arm("settle.before_commit=oserror:3")
    failpoint("settle.before_commit")
    failpoint("settle.before_commit")
    with pytest.raises(OSError, match="settle"):
        failpoint("settle.before_commit")


def test_several_points_can_be_armed_and_all_disarmed() -> None:
    arm("submit.after_commit=oserror; settle.before_commit=oserror")
    with pytest.raises(OSError, match="submit"):
        failpoint("submit.after_commit")
    arm("")
    failpoint("settle.before_commit")


def test_sleep_stalls_for_its_seconds_at_its_passage(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("coatcheck.failpoints.time.sleep", slept.append)
    arm("claim.after_commit=sleep:2.5:2")
    failpoint("claim.after_commit")
    assert slept == []
    failpoint("claim.after_commit")
    failpoint("claim.after_commit")
    assert slept == [2.5]


def test_kill_ends_the_process_on_the_spot() -> None:
    process = in_a_process("settle.before_commit", "kill")
    output, _ = process.communicate()
    assert (process.returncode, output) == (-signal.SIGKILL, "")


def test_stop_freezes_the_process_until_it_is_continued() -> None:
    process = in_a_process("settle.before_commit", "stop")
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    process.send_signal(signal.SIGCONT)
    output, _ = process.communicate()
    assert (process.returncode, output) == (0, "alive\n")


@pytest.mark.parametrize(
    "specification", ["settle=kill", "settle.before_commit", "settle.before_commit=explode", "settle.before_commit=sleep:long"]
)
def test_what_cannot_be_read_is_refused(specification: str) -> None:
    with pytest.raises(ValueError):
        arm(specification)
