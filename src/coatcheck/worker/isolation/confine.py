"""What a job's process does before it touches anything of a user: it cuts itself off."""

import faulthandler
import io
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path

from coatcheck.operations.limits import Limits
from coatcheck.worker.orphans import adopt
from coatcheck.worker.prctl import die_with

_ARENA_MAX = -8
"""`M_ARENA_MAX` of glibc's malloc.h."""
_FRESH = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGHUP)


def cut_off(parent: int, output: int, faults: int) -> None:
    """Begin a session of its own that ends with `parent`; write into `output`, and the traces of crashes into `faults`."""
    os.setsid()
    die_with(parent)
    adopt()
    signal.set_wakeup_fd(-1)
    for number in _FRESH:
        signal.signal(number, signal.SIG_DFL)
    for standard in (1, 2):
        os.dup2(output, standard)
    os.close(output)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)  # what is in a buffer when the process is killed is lost
    faulthandler.enable(faults)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def limit(limits: Limits) -> None:
    """Let the kernel hold this process to `limits`."""
    if limits.memory is not None:
        _share_one_heap()
        _limit(resource.RLIMIT_AS, _address_space() + limits.memory, liftable=True)
    if limits.cpu is not None:
        soft = limits.cpu
        resource.setrlimit(resource.RLIMIT_CPU, (soft, soft + 1))  # SIGXCPU, and a second later SIGKILL
    if limits.file_size is not None:
        _limit(resource.RLIMIT_FSIZE, limits.file_size)
    if limits.processes is not None:
        _limit(resource.RLIMIT_NPROC, limits.processes)


def lift() -> None:
    """Let go of the limit of memory, once the function is through: saying what became of it takes some."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _limit(kind: int, value: int, *, liftable: bool = False) -> None:
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, hard if liftable else value))


def _share_one_heap() -> None:
    """Have threads to come allocate where the others do: glibc would take 64 MiB of addresses for each beforehand."""
    if sys.platform == "linux":
        import ctypes

        with suppress(AttributeError):  # another C library, without such heaps
            ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)


def _address_space() -> int:
    """Bytes of address space that this process takes now; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return 0
