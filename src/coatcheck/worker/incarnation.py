"""Ids of workers: where one runs, and which process answers for it.

An id is `host:pid:incarnation`, and no two workers ever have the same. The incarnation is `place-keeper-started-digits`. The keeper is
the number of the process that keeps the worker's leases: its supervisor's, or, where it is embedded, its own. The place stands
for the host, its boot, and the namespaces in which the number and the start of a process have their meaning: whoever is in the
same place can tell whether the keeper is gone. Where it cannot be known, as on other systems than Linux, there are only the digits.
"""

import hashlib
import os
import re
import socket
from pathlib import Path
from typing import NamedTuple

from coatcheck.clock import SystemClock
from coatcheck.worker.stat import stat

_KEPT = re.compile(r".*:([0-9a-f]{12})-([1-9][0-9]{0,8})-([0-9]{1,18})-[0-9a-f]{8}", re.ASCII)


class Process(NamedTuple):
    """A process, told apart from every other one of any host."""

    place: str
    pid: int
    started: int


def new_worker_id() -> str:
    """The id of a new worker in this process, which keeps its own leases."""
    return worker_id(os.getpid(), new_incarnation())


def worker_id(pid: int, incarnation: str) -> str:
    """The id of a worker in the process `pid` of this host."""
    return f"{_host()}:{pid}:{incarnation}"


def new_incarnation() -> str:
    """A new incarnation of a worker whose leases this process keeps."""
    digits = os.urandom(4).hex()
    here, me = place(), stat(os.getpid())
    return digits if here is None or me is None else f"{here}-{os.getpid()}-{me.started}-{digits}"


def keeper(worker_id: str) -> Process | None:
    """The process that answers for a worker; None where its id does not say."""
    kept = _KEPT.fullmatch(worker_id)
    return None if kept is None else Process(kept[1], int(kept[2]), int(kept[3]))


def place() -> str | None:
    """Where this process is; None where `/proc` does not tell of the processes that it can send signals to.

    Virtual machines that were copied while they ran are in one place, unless they are named apart. They would take each other for gone:
    jobs might run again, and the fence sees to it that one run counts.
    """
    boot_id, me = SystemClock().boot().boot_id, Path("/proc/self")
    try:
        if boot_id == "unknown" or str(me.readlink()) != str(os.getpid()):  # the mount is another namespace's
            return None
        spaces = [str(space.readlink()) for space in (me / "ns" / "pid", me / "ns" / "time") if space.is_symlink()]
    except OSError:
        return None
    return hashlib.sha256(" ".join([_host(), boot_id, *spaces]).encode()).hexdigest()[:12]


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())[:40]
