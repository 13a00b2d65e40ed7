"""What outlives the process that started it: a real process above real ones, `reaper.py`."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

DAEMON = """
import os, signal
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.pause()
    os._exit(0)
os.wait()
"""
DEAF = """
import os, signal
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
os.setpgid(0, 0)
for _ in range(5):
    if os.fork() == 0:
        while True:
            signal.pause()
"""
BOMB = """
import os, resource, time
ends_at = time.monotonic() + 30
reading, writing = os.pipe()
if os.fork() == 0:
    if os.geteuid() == 0:
        os.setuid(65534)
    resource.setrlimit(resource.RLIMIT_NPROC, (40, 40))
    os.write(writing, b".")
    while time.monotonic() < ends_at:
        try:
            if os.fork() == 0:
                os.setsid()
        except OSError:
            pass
    os._exit(0)
os.read(reading, 1)
"""
"""Up to forty processes, each in a session of its own, that fork as fast as they can and refill what is killed."""
ZOMBIES = """
import os
for _ in range(3):
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
"""


class Seen(msgspec.Struct):
    """What the reaper writes."""

    left: int
    there: int
    family: bool


def reaper(verb: str, program: str) -> Seen:
    command = [sys.executable, str(Path(__file__).with_name("reaper.py")), verb, program]
    return msgspec.json.decode(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout, type=Seen)


@pytest.mark.parametrize(
    ("program", "at_least"), [(DAEMON, 1), (DEAF, 5), (BOMB, 1), (ZOMBIES, 3)], ids=["daemon", "deaf group", "fork bomb", "zombies"]
)
def test_what_a_process_left_is_ended_and_collected_and_others_are_left_alone(program: str, at_least: int) -> None:
    """F51: nothing is left, whatever it did to get away."""
    seen = reaper("end", program)
    assert seen.left >= at_least
    assert (seen.there, seen.family) == (0, True)


def test_zombies_are_reaped_and_what_still_runs_is_left_alone() -> None:
    seen = reaper("reap", DAEMON + ZOMBIES)
    assert (seen.left, seen.there, seen.family) == (4, 1, True)
