"""Functions that say too much, break what they can reach, or return what nobody wants."""

import faulthandler
import locale
import math
import os
import signal
import struct
import sys
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from coatcheck import Content, Job
from coatcheck.worker.isolation.line import Line
from tests.worker.hostile import NO_JSON
from tests.worker.isolation.declared import FUNCTIONS, MEBIBYTE, hold, jobs, process

JUNK = b"junk" * 1024


def storm(job: Job) -> int:
    """Say 100,000 times how far it is, among it what nobody would."""
    for number in range(100_000):
        job.progress(current=number, total=100_000, unit="row")
    for refused in (math.nan, math.inf, -math.inf, 10**400):
        with suppress(ValueError):
            job.progress(refused)
    job.progress(-5)
    job.progress(1e308)
    job.progress(50)
    job.progress(message="\ud800" + "x" * 10 * MEBIBYTE)
    job.progress(current=-7, total=1e308)
    job.progress(current=5, total=100)
    return 0


@process()
def storms(job: Job) -> int:
    return storm(job)


@jobs.operation("/storms_in_a_thread")
def storms_in_a_thread(job: Job) -> int:
    return storm(job)


@jobs.operation("/storms_on_the_loop")
async def storms_on_the_loop(job: Job) -> int:
    return storm(job)


@process()
def logs_much(job: Job) -> None:
    for number in range(20_000):
        job.log("\u0000" * 9000 + str(number))


@process()
def prints(mebibytes: int) -> None:
    line = b"x" * 99 + b"\n"
    for _ in range(mebibytes):
        os.write(1, line * (MEBIBYTE // 100))
    os.write(1, b"the last line\n")


@process()
def prints_oddly() -> None:
    os.write(1, b"one\r\n\xff two\n")
    sys.stdout.write("no end")


@process()
def prints_a_long_line(mebibytes: int) -> None:
    for _ in range(mebibytes):
        os.write(1, b"y" * MEBIBYTE)


@process()
def breaks(what: str) -> str:  # noqa: C901  one case a fault
    """Break what it can reach, and return as if nothing had been."""
    match what:
        case "standard descriptors":
            for descriptor in range(3):
                os.close(descriptor)
            with suppress(OSError):
                sys.stdout.write("to nobody\n")
        case "all descriptors":
            os.closerange(0, 4096)
        case "all descriptors for long":
            os.closerange(0, 4096)
            hold()
        case "junk":
            _write_everywhere(JUNK)
        case "announcements":
            _write_everywhere(struct.pack("!II", 4 * 1024**3 - 1, 0) + JUNK)
        case "nesting":
            message = b'{"type":"returned","result":' + b"[" * 100_000
            _write_everywhere(struct.pack("!II", len(message), zlib.crc32(message)) + message)
        case "its end":
            os._exit = _stay  # type: ignore[assignment]
        case "surroundings":
            _change_everything()
        case "ourselves":
            Line.close = None  # type: ignore[assignment, method-assign]
    return what


def _stay(_: int) -> None:
    os.closerange(3, 4096)
    hold()


def _write_everywhere(data: bytes) -> None:
    for descriptor in (int(entry.name) for entry in list(Path("/proc/self/fd").iterdir())):
        with suppress(OSError):
            os.set_blocking(descriptor, False)
            for _ in range(100):
                os.write(descriptor, data)


def _change_everything() -> None:
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
    os.chdir("/")
    os.environ.clear()
    os.environ["PATH"] = "/nowhere"
    os.umask(0o777)
    locale.setlocale(locale.LC_ALL, "C")
    sys.setrecursionlimit(5000)
    sys.modules["tests.planted"] = sys
    sys.excepthook = lambda *_: None
    faulthandler.disable()
    FUNCTIONS["echo"].__doc__ = "changed"
    sys.stdout = sys.stderr = None
    os.kill(1, 0)


@process(retries=5)
def returns_odd(name: str) -> Any:
    return NO_JSON[name]


@process(retries=5)
def returns_large(size: int) -> str:
    return "x" * size


@process()
def returns_a_file(kind: str, directory: str) -> Content | Path | bytes:
    match kind:
        case "bytes":
            return b"\x00" * MEBIBYTE
        case "path":
            path = Path(directory) / "report.csv"
            path.write_text("a,b\n")
            return path
        case "missing":
            return Path(directory) / "missing"
        case _:
            return Content("report", media_type="text/markdown", filename="report.md")
