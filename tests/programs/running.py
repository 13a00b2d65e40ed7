"""An operation that runs one program, and what is seen of the program's processes from outside."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from coatcheck import Job
from coatcheck.domain.event import EventType
from coatcheck.domain.job import JobRecord
from coatcheck.domain.owner import SYSTEM
from coatcheck.handle import Handle
from coatcheck.testing.harness import eventually
from coatcheck.testing.signals import Flag
from tests.worker.site import Site

NAME = Path(sys.executable).name
"""What the programs written in Python are called in messages."""
KINDS = ["async", "thread"]

PAUSE = "import os, signal, sys\nprint(os.getpid(), flush=True)\nprint('ready', flush=True)\nsignal.pause()"
"""Prints its pid, says that it is ready, and stays."""
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + PAUSE + "\nsignal.pause()"
"""The same, and does not go when it is asked to."""


def python(script: str, *arguments: str) -> list[str]:
    """A program written in Python."""
    return [sys.executable, "-c", script, *arguments]


def parent_of(child: str) -> str:
    """A program that prints its pid and starts the program `child`."""
    return (
        "import os, signal, subprocess, sys\nprint(os.getpid(), flush=True)\n"
        f"subprocess.Popen([sys.executable, '-c', {child!r}])\nsignal.pause()"
    )


class Listener:
    """Hears each line of a program, as its parser, and says when the program is ready."""

    def __init__(self, readies: int = 1) -> None:
        self.lines: list[str] = []
        self.ready = Flag()
        self._readies = readies

    def __call__(self, line: str) -> None:
        self.lines.append(line)
        if self.lines.count("ready") == self._readies:
            self.ready.raise_()

    @property
    def pids(self) -> list[int]:
        """Those the program printed."""
        return [int(line) for line in self.lines if line.isdigit()]


async def run(site: Site, kind: str, arguments: Sequence[Any], *, policy: dict[str, Any] | None = None, **options: Any) -> Handle[Any]:
    """A job that runs the program, in an `async def` or in a `def`; its result is the program's status and output."""
    if kind == "async":

        @site.jobs.operation("/run", name="run", **policy or {})
        async def run_(job: Job) -> Any:
            program = await job.run(arguments, **options)
            return [program.status, program.output]
    else:

        @site.jobs.operation("/run", name="run", **policy or {})
        def run_(job: Job) -> Any:
            program = job.run(arguments, **options)
            return [program.status, program.output]

    handle = await run_.submit()
    await site.work()
    return handle


async def logged(site: Site, handle: Handle[Any]) -> list[str]:
    """The program's lines in the job's history."""
    events = await site.store.events(handle.id, SYSTEM, limit=10_000)
    lines = [msgspec.json.decode(event.data or b"") for event in events if event.type is EventType.LOG]
    assert {line["level"] for line in lines} <= {"output"}
    return [line["message"] for line in lines]


async def ended_without(site: Site, handle: Handle[Any], *pids: int) -> JobRecord:
    """The job once it has ended; these processes have, too."""
    job = await site.ended(handle)
    assert pids
    for pid in pids:
        await asyncio.to_thread(eventually, lambda pid=pid: gone(pid))
    return job


def gone(pid: int) -> bool:
    """Whether no such process runs. One that has ended may not have been collected yet by whoever inherited it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True
