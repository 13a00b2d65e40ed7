"""The application that is stormed. What an operation returns says which attempt, under which fence, it was."""

import os
import tempfile
import threading
from pathlib import Path

import msgspec

from coatcheck import Coatcheck, Content, Job
from coatcheck.clock import SystemClock
from coatcheck.domain.retry import Backoff

SOON = Backoff(base=0.2, cap=0.5)
ROWS = 10

jobs = Coatcheck()
clock = SystemClock()


def signature(job: Job) -> dict[str, int]:
    """By which the checker knows whose result it sees."""
    return {"attempt": job.attempt, "fence": job.fence}


def pause(seconds: float) -> None:
    """Take time in a thread."""
    threading.Event().wait(seconds)


@jobs.operation("/quick")
async def quick(job: Job) -> dict[str, int]:
    """Nothing that takes time."""
    return signature(job)


@jobs.operation("/nap")
async def nap(seconds: float, job: Job) -> dict[str, int]:
    """Wait on the event loop, with progress."""
    async for _ in job.track(range(ROWS)):
        await clock.sleep(seconds / ROWS)
    return signature(job)


@jobs.operation("/grind")
def grind(seconds: float, job: Job) -> dict[str, int]:
    """Take time in a thread, with progress and log lines."""
    for row in job.track(range(ROWS), unit="row"):
        pause(seconds / ROWS)
        job.log(f"row {row} in attempt {job.attempt}")
    return signature(job)


@jobs.operation("/rows")
def rows(seconds: float, job: Job) -> dict[str, int]:
    """Go through rows, each kept, and at last who kept them."""
    for _ in job.track(job.resume(range(ROWS))):
        pause(seconds / ROWS)
        job.checkpoint(signature(job))
    job.checkpoint(signature(job))
    return signature(job)


@jobs.operation("/linger")
def linger(seconds: float, job: Job) -> dict[str, int]:
    """Take four times as long from the second attempt on, so that what the first one still writes finds the second at work."""
    for _ in job.track(range(ROWS)):
        pause(seconds * (1 if job.attempt == 1 else 4) / ROWS)
        job.checkpoint(signature(job))
    return signature(job)


@jobs.operation("/flaky", retries=3, backoff=SOON)
async def flaky(failing: int, job: Job) -> dict[str, int]:
    """Fail in the first attempts, and be retried."""
    if job.attempt <= failing:
        raise RuntimeError(f"attempt {job.attempt} of {failing} that fail")
    return signature(job)


@jobs.operation("/fragile")
def fragile(failing: int, job: Job) -> dict[str, int]:
    """Fail in the first attempts for good: whoever wants more has to ask again."""
    pause(0.01)
    if job.attempt <= failing:
        raise ValueError(f"attempt {job.attempt} of {failing} that fail")
    return signature(job)


@jobs.operation("/file")
def file(seconds: float, job: Job) -> Content:
    """Return a file."""
    pause(seconds)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "signature.json"
        path.write_bytes(msgspec.json.encode(signature(job) | {"padding": "x" * 20_000}))
        return Content(path.read_bytes(), media_type="application/octet-stream", filename=path.name)


@jobs.operation("/apart", isolation="process")
def apart(seconds: float, job: Job) -> dict[str, int]:
    """Take time in a process of its own, with progress and what was kept."""
    for _ in job.track(job.resume(range(ROWS))):
        pause(seconds / ROWS)
        job.checkpoint(signature(job))
    job.checkpoint(signature(job))
    return signature(job)


@jobs.operation("/beacon")
def beacon(directory: str, job: Job) -> dict[str, int]:
    """Note the moment an attempt begins, and hold the slot until told to go."""
    return shine(directory, job)


@jobs.operation("/beacon-apart", isolation="process")
def beacon_apart(directory: str, job: Job) -> dict[str, int]:
    """The same in a process of its own."""
    return shine(directory, job)


def shine(directory: str, job: Job) -> dict[str, int]:
    """Note moment and process, and wait for the file `go`."""
    with (Path(directory) / f"{job.id}.runs").open("a") as notes:
        notes.write(f"{clock.boot().seconds} {os.getpid()}\n")
    while not (Path(directory) / "go").exists() and not job.cancelled:
        pause(0.02)
    return signature(job)
