"""Functions that take too much, and functions that leave something behind."""

import atexit
import ctypes
import mmap
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

from coatcheck import Job, Limits
from coatcheck.context import REPORT_INTERVAL
from coatcheck.domain.event import EVENT_LIMIT
from coatcheck.domain.problem import MAX_DETAIL
from tests.worker.isolation.declared import MEBIBYTE, hold, process
from tests.worker.isolation.dying import spin


@process(limits=Limits(memory=128 * MEBIBYTE))
def hogs_memory(how: str) -> Any:  # noqa: C901  one case a fault
    match how:
        case "in its result":
            return "x" * 80 * MEBIBYTE
        case "within":
            return len(bytearray(100 * MEBIBYTE))
        case "at once":
            return len(bytearray(4096 * MEBIBYTE))
        case "bit by bit":
            return sum(len(piece) for piece in [bytes(1000) for _ in range(4_000_000)])
        case "for good":
            while True:
                KEPT.append(bytes(1000))
        case "drop by drop":
            while True:
                KEPT[:] = [[*KEPT]]  # type: ignore[list-item]
        case "unseen":
            libc = ctypes.CDLL(None)
            libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
            place = libc.malloc(4096 * MEBIBYTE)  # as a library that does not look would
            ctypes.memset(place or 0, 1, 4096 * MEBIBYTE)
        case "mapped":
            mmap.mmap(-1, 4096 * MEBIBYTE)
    return 0


KEPT: list[bytes] = []


@process(limits=Limits(memory=32 * MEBIBYTE))
def says_more_than_it_has_memory_for(directory: str, job: Job) -> str:
    """Say more than can be put into words, hear a cancel all the same, and return."""
    for _ in range(EVENT_LIMIT):
        job.log("\0" * MAX_DETAIL)
    threading.Event().wait(4 * REPORT_INTERVAL)
    (Path(directory) / "pid").touch()
    while not job.cancelled:
        threading.Event().wait(0.01)
    return "heard"


@process(limits=Limits(cpu=1))
def burns(how: str) -> None:
    if how == "deaf":
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    spin("")


@process(limits=Limits(file_size=MEBIBYTE))
def writes_much(directory: str) -> None:
    (Path(directory) / "much").write_bytes(bytes(2 * MEBIBYTE))


@process(limits=Limits(file_size=MEBIBYTE))
def returns_much() -> bytes:
    return bytes(2 * MEBIBYTE)


@process(limits=Limits(processes=50))
def forks_as_nobody() -> dict[str, Any]:
    """Fork up to four times as many as it may; root may have any number, so it stops being root."""
    if os.getuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    forked = 0
    try:
        for _ in range(200):
            if os.fork() == 0:
                hold()
            forked += 1
    except BlockingIOError:
        return {"forked": forked, "refused": True}
    return {"forked": forked, "refused": False}


@process()
def leaves(what: str, directory: str) -> str:  # noqa: C901, PLR0912  one case a fault
    """Return, while what it started goes on."""
    match what:
        case "forks":
            itself = os.getpid()
            for _ in range(6):  # 63 of them, of six generations
                os.fork()
            if os.getpid() != itself:
                hold()
        case "copy":
            if os.fork() == 0:
                return "what the copy says"
        case "raising copy":
            if os.fork() == 0:
                raise ValueError("from the copy")
            os.wait()
        case "daemon":
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    os.chdir("/")
                    hold()
                os._exit(0)
            os.wait()
        case "holder":
            subprocess.Popen(["/bin/sh", "-c", "trap '' TERM HUP; sleep 600; sleep 600"], close_fds=False)
            if os.fork() == 0:
                hold()
        case "threads":
            for _ in range(8):
                threading.Thread(target=spin, args=["swallowing"]).start()
        case "exit handler":
            atexit.register((Path(directory) / "handled").touch)
        case "stopped":
            child = os.fork()
            if child == 0:
                hold()
            os.kill(child, signal.SIGSTOP)
    return what
