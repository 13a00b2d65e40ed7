"""The processes below this one, as the kernel knows them; signals go to these alone. Linux only."""

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from coatcheck.worker.orphans import children

_ENDED = "Z"


@dataclass(frozen=True)
class Descendant:
    """A process that this one, or a child of it, started."""

    pid: int
    role: str
    """`supervisor`, `api`, `worker`; `fork server` and `job` below a worker; `orphan` where its parent has died."""
    supervisor: int
    """The pid of the child of ours that it belongs to."""


def descendants() -> list[Descendant]:
    """All that run, parents before children."""
    return [descendant for descendant in _below(os.getpid(), "") if _state(descendant.pid) not in ("", _ENDED)]


def send(descendant: Descendant, number: signal.Signals) -> bool:
    """Send a signal to a descendant, and to no other process that may have its pid by now; whether there was one."""
    try:
        handle = os.pidfd_open(descendant.pid)
    except ProcessLookupError:
        return False
    try:
        if _state(descendant.pid) in ("", _ENDED) or not _is_ours(descendant.pid):
            return False
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, number)
            return True
        return False
    finally:
        os.close(handle)


def _below(parent: int, role: str, supervisor: int = 0) -> list[Descendant]:
    found = []
    for pid in sorted(children(parent)):
        descendant = Descendant(pid, _role(role, _command(pid)), supervisor or pid)
        found += [descendant, *_below(pid, descendant.role, descendant.supervisor)]
    return found


def _role(parent: str, command: list[str]) -> str:
    match parent:
        case "":
            return "supervisor" if {"serve", "worker"} & set(command) else "orphan"
        case "supervisor" if "_worker" in command:
            return "worker"
        case "supervisor" if "_api" in command:
            return "api"
        case "worker":
            return "fork server"
        case "fork server" | "job":
            return "job"
        case _:
            return "other"


def _is_ours(pid: int) -> bool:
    while pid > 1:
        if pid == os.getpid():
            return True
        pid = _parent(pid)
    return False


def _command(pid: int) -> list[str]:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return []


def _stat(pid: int) -> list[str]:
    """The fields after the command's name: its state, its parent and so on."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return []


def _state(pid: int) -> str:
    return (_stat(pid) or [""])[0]


def _parent(pid: int) -> int:
    return int((_stat(pid) or ["", "0"])[1])
