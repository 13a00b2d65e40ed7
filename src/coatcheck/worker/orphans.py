"""Processes that outlived the ones that started them: taken in, and ended.

For a process of a single purpose, above others that run code of users: the supervisor above its workers, and whoever starts
a process for each job. `known` are the pids of its own children, which belong to somebody else: `asyncio` waits for
them, or their owner does. All other children it has are orphans. Linux only; elsewhere there are none to see.
"""

import os
import select
import signal
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from coatcheck.clock import SystemClock
from coatcheck.worker.prctl import PR_SET_CHILD_SUBREAPER, prctl

PATIENCE = 5.0
"""Seconds for orphans to be gone. Only a process that waits for a device in the kernel survives SIGKILL that long."""


def adopt() -> None:
    """Take in every descendant whose own parent ends, from now on. Asked for again after a fork, kept over an exec."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)


def children(pid: int | None = None) -> set[int]:
    """Pids of the children of a process (default: this one), those that ended and were not collected included."""
    found: set[int] = set()
    with suppress(OSError):  # the process is gone
        for thread in Path(f"/proc/{pid or os.getpid()}/task").iterdir():
            with suppress(OSError):  # the thread is gone
                found.update(map(int, (thread / "children").read_text().split()))
    return found


def end(known: Collection[int], *, patience: float = PATIENCE) -> set[int]:
    """Kill and collect every orphan, with all its descendants, until there is none; the pids of those left after `patience` seconds.

    Left alone is an orphan whose session is led by a known child or a descendant of one: it is part of what still runs there.
    """
    clock = SystemClock()
    ends_at = clock.monotonic() + patience
    while (orphans := _orphans(known)) and clock.monotonic() < ends_at:
        for pid in _with_descendants(orphans):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        for pid in orphans:
            _collect(pid, ends_at - clock.monotonic())
    return orphans


def reap(known: Collection[int]) -> None:
    """Collect the orphans that have ended by themselves, so that none stays as a zombie."""
    for pid in children() - set(known):
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def _orphans(known: Collection[int]) -> set[int]:
    strangers = children() - set(known)
    family = _with_descendants(set(known)) if strangers else set()
    return {pid for pid in strangers if _session(pid) not in family}


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:  # it was collected, or may not be asked about
        return None


def _with_descendants(pids: set[int]) -> set[int]:
    found, unseen = set(pids), list(pids)
    while unseen:
        fresh = children(unseen.pop()) - found
        found |= fresh
        unseen.extend(fresh)
    return found


def _collect(pid: int, seconds: float) -> None:
    with suppress(ProcessLookupError, ChildProcessError):
        descriptor = os.pidfd_open(pid)
        try:
            ended = select.poll()
            ended.register(descriptor, select.POLLIN)
            ended.poll(max(0.0, seconds) * 1000)
        finally:
            os.close(descriptor)
        os.waitpid(pid, os.WNOHANG)
