"""The application that the fault tests run in processes of their own."""

import asyncio
import os
import signal
import threading
from pathlib import Path

from starlette.requests import Request

from coatcheck import Coatcheck, Job
from coatcheck.domain.owner import EVERYONE


async def owner(request: Request) -> str:
    """Who says `Authorization: Bearer alice` is alice; who says nothing is everyone."""
    return request.headers.get("authorization", "").removeprefix("Bearer ") or EVERYONE


jobs = Coatcheck(authenticate=owner)


def arrive(job: Job, directory: str) -> None:
    """Leave a note that an attempt runs: its number, its fence, and the process it runs in."""
    with (Path(directory) / f"{job.id}.runs").open("a") as notes:
        notes.write(f"{job.attempt} {job.fence} {os.getpid()}\n")


@jobs.operation("/echo")
async def echo(text: str) -> str:
    return text


@jobs.operation("/hold", retries=1)
def hold(directory: str, job: Job) -> dict[str, int]:
    """Hold its slot until the test lets go of all runs, or of this attempt, whatever it is told."""
    arrive(job, directory)
    pause = threading.Event()
    while not any((Path(directory) / name).exists() for name in ("go", f"go-{job.attempt}")):
        pause.wait(0.01)
    return {"attempt": job.attempt, "fence": job.fence}


@jobs.operation("/wait", retries=1)
async def wait(directory: str, job: Job) -> int:
    """Wait for ever in the first attempt, and obey whoever ends it."""
    arrive(job, directory)
    if job.attempt == 1:
        await asyncio.Event().wait()
    return job.attempt


@jobs.operation("/count", retries=1)
def count(directory: str, rows: int, job: Job) -> int:
    """Go through rows, slowly enough to be killed on the way."""
    arrive(job, directory)
    pause = threading.Event()
    for _ in job.track(job.resume(range(rows)), unit="row"):
        pause.wait(0.005)
    return rows


@jobs.operation("/poison", retries=5)
def poison(directory: str, whom: str, job: Job) -> int:
    """Kill the worker, or the supervisor above it, unless told that this has stopped being so."""
    arrive(job, directory)
    if not (Path(directory) / "cured").exists():
        os.kill(os.getpid() if whom == "worker" else os.getppid(), signal.SIGKILL)
        threading.Event().wait(30)
    return job.attempt
