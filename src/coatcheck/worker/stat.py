"""What Linux tells of a process, whoever's it is."""

from pathlib import Path
from typing import NamedTuple


class Stat(NamedTuple):
    """A line of `/proc/…/stat`, as far as we ask for it (proc_pid_stat(5))."""

    state: str
    """One letter: `T` and `t` are stopped, `Z` has ended and was not collected."""
    threads: int
    started: int
    """When, in ticks since the host was booted. It tells apart processes that have one number after each other."""


def stat(pid: int) -> Stat | None:
    """What is told of the process `pid`; None where there is none, or it may not be seen, or this is not Linux."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    fields = line.rpartition(")")[2].split()  # those after the name of the command, in which anything may stand
    return Stat(state=fields[0], threads=int(fields[17]), started=int(fields[19]))
