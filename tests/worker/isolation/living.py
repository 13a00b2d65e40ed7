"""Functions that use what there is, and leave it as it was."""

import asyncio
import faulthandler
import locale
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from coatcheck import Job, Upload, current_job
from tests.worker.isolation.declared import FUNCTIONS, hold, jobs, process


@jobs.resource()
async def pool() -> AsyncIterator[dict[str, int]]:
    yield {"opened in": os.getpid()}


@jobs.resource(scope="job")
async def note() -> AsyncIterator[list[str]]:
    lines = ["opened"]
    yield lines
    if lines[1:]:
        current_job().log(f"closed after {lines[-1]}")


@process()
def echo(text: str) -> str:
    return text


@process()
async def async_echo(text: str) -> str:
    await asyncio.to_thread(str)
    return text


@process(timeout=600, retries=2)
def everything(rows: int, job: Job) -> dict[str, Any]:
    """Use all that a job has."""
    for row in job.track(range(rows), unit="row"):
        job.log(f"row {row}", level="debug")
    job.checkpoint({"rows": rows})
    job.resource(note).append("use")
    return {
        "id": _deep(),
        "attempt": job.attempt,
        "fence": job.fence,
        "deadline": job.deadline is not None,
        "kept": job.last_checkpoint,
        "pool": job.resource(pool) == {"opened in": os.getpid()},
    }


@process()
async def async_everything(job: Job) -> list[bool]:
    job.resource(note).append("awaiting")
    return [job.resource(pool) == {"opened in": os.getpid()}, await asyncio.to_thread(_deep) == job.id]


def _deep() -> str:
    return current_job().id


@process(retries=2)
def resumed(rows: int, die_at: int, job: Job) -> dict[str, Any]:
    """Go through rows, and be killed at one in the first attempt, once those before it are on file."""
    seen = []
    for row in job.resume(range(rows)):
        if row == die_at and job.attempt == 1:
            threading.Event().wait(1.0)
            os.kill(os.getpid(), signal.SIGKILL)
        seen.append(row)
    return {"attempt": job.attempt, "seen": seen}


@process()
def surroundings(job: Job) -> dict[str, Any]:
    """What a job's process finds."""
    return {
        "directory": str(Path.cwd()),
        "environment": sorted(os.environ.items()),
        "handlers": [repr(signal.getsignal(number)) for number in _HEARD],
        "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
        "modules": sorted(name for name in sys.modules if name.startswith("tests")),
        "limit": sys.getrecursionlimit(),
        "locale": locale.setlocale(locale.LC_ALL),
        "mask": _umask(),
        "threads": threading.active_count(),
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "faults": faulthandler.is_enabled(),
        "hook": sys.excepthook is sys.__excepthook__,
        "function": "changed" if FUNCTIONS["echo"].__doc__ else "as it was",
    }


_HEARD = (signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGUSR1, signal.SIGALRM)


@process()
def descriptors() -> list[str]:
    """What its descriptors are, but for the standard ones."""
    standing = [Path(f"/proc/self/fd/{descriptor}") for descriptor in range(3, 256)]
    return [str(link.readlink()) for link in standing if link.is_symlink()]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@process()
def tells_where_it_is(directory: str, job: Job) -> None:
    """Leave a note with its pid and hold on, until it is told to stop; leave another then."""
    place = Path(directory)
    (place / "pid").write_text(f"{os.getpid()} {os.getppid()}")
    try:
        hold()
    finally:
        (place / "finally").write_text(f"{job.cancelled} {job.stopping}")


@process(retries=1)
def stays(directory: str, job: Job) -> list[int]:
    """Start a grandchild and a daemon and hold on, whatever it is told; the second attempt says who of them is there still."""
    place = Path(directory)
    if job.attempt > 1:
        return [pid for pid in map(int, (place / "pids").read_text().split()) if Path(f"/proc/{pid}").exists()]
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    shell = subprocess.Popen(["/bin/sh", "-c", "(setsid sleep 600 & echo $!); exec sleep 600"], stdout=subprocess.PIPE, text=True)
    assert shell.stdout is not None
    (place / "new").write_text(f"{os.getpid()} {shell.pid} {shell.stdout.readline().strip()}")
    (place / "new").rename(place / "pids")
    hold()
    return []


@process()
def obliges(directory: str, job: Job) -> bool:
    """Return as soon as the worker is being shut down."""
    (Path(directory) / "pid").touch()
    while not job.stopping:
        threading.Event().wait(0.01)
    return job.cancelled


@process()
def reads_its_file(video: Upload) -> Iterator[Any]:
    yield [video.path.stat().st_size, video.filename, os.getpid()]


@process()
def dies_with_its_file(video: Upload) -> None:
    assert video.path.exists()
    os.kill(os.getpid(), signal.SIGKILL)
