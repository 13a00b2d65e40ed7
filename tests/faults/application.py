"""The application that the fault tests run in processes of their own."""

import asyncio
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import IO, cast

from starlette.requests import Request

from coatcheck import Coatcheck, Content, Job
from coatcheck.clock import SystemClock
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
    return wait_for_the_test(directory, job)


def wait_for_the_test(directory: str, job: Job) -> dict[str, int]:
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


@jobs.operation("/chatter")
def chatter(directory: str, lines: int, job: Job) -> dict[str, int]:
    """Write long lines into the log, then hold."""
    for number in range(lines):
        job.log(f"{number} {'x' * 4000}")
    return wait_for_the_test(directory, job)


@jobs.operation("/poison", retries=5)
def poison(directory: str, whom: str, job: Job) -> int:
    """Kill the worker, or the supervisor above it, unless told that this has stopped being so."""
    arrive(job, directory)
    if not (Path(directory) / "cured").exists():
        os.kill(os.getpid() if whom == "worker" else os.getppid(), signal.SIGKILL)
        threading.Event().wait(30)
    return job.attempt


@jobs.operation("/document", retries=1)
def document(directory: str, size: int, job: Job) -> Content:
    """Return a file; the second attempt waits until the test lets go."""
    arrive(job, directory)
    pause = threading.Event()
    while job.attempt > 1 and not (Path(directory) / "go").exists():
        pause.wait(0.01)
    return Content(bytes(size), media_type="application/octet-stream")


@jobs.operation("/overstay", timeout=0.5)
def overstay(directory: str, job: Job) -> None:
    """Hold its slot like `hold`, past its deadline."""
    arrive(job, directory)
    pause = threading.Event()
    while not (Path(directory) / "go").exists():
        pause.wait(0.01)


LITTER = "sleep 600 & (setsid sleep 600 & echo $!); echo $!; (sleep 600 & echo $!); (true &); echo; exec sleep 600"
"""A child, a daemon, an orphan in the shell's own session, and one that ends at once."""


@jobs.operation("/litter", retries=1)
def litter(directory: str, job: Job) -> None:
    """Start a program and hold; on file is each process that has come of it."""
    with subprocess.Popen(["/bin/sh", "-c", LITTER], stdout=subprocess.PIPE, text=True) as shell:
        lines = cast("IO[str]", shell.stdout)
        pids = [str(shell.pid), *iter(lambda: lines.readline().strip(), "")]
        (Path(directory) / f"{job.id}.litter-{job.attempt}").write_text(" ".join(pids))
        arrive(job, directory)
        threading.Event().wait()


class Shifted(SystemClock):
    """The host's clocks, the wall clock some seconds off."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def now(self) -> float:
        return super().now() + self._seconds


def say(text: str) -> str:
    return text


ahead, behind = (Coatcheck(clock=Shifted(seconds)) for seconds in (86400.0, -3600.0))
"""The same application under other wall clocks, to run its jobs."""
for shifted in (ahead, behind):
    shifted.operation("/hold", name="hold", retries=1)(wait_for_the_test)
    shifted.operation("/echo", name="echo")(say)
