"""Real `coatcheck` processes: commands run to their end, and servers that go on."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from coatcheck.testing.harness import eventually

TOKEN = "s3cret"
APPLICATION = '''
"""What the tests of the command line serve."""

import asyncio
from pathlib import Path
from typing import Any

from starlette.requests import Request

from coatcheck import Coatcheck, Content, Created, Fail, Job, Upload
from coatcheck.bodies import Lines
from coatcheck.domain.retry import Backoff


def authenticate(request: Request) -> str | None:
    return "ann" if request.headers.get("authorization") == "Bearer s3cret" else None


jobs = Coatcheck(authenticate=authenticate)


@jobs.operation("/count")
async def count(steps: int, job: Job) -> dict[str, int]:
    for _ in job.track(range(steps)):
        await asyncio.sleep(0.01)
    return {"counted": steps}


@jobs.operation("/boom")
def boom() -> None:
    raise Fail(status=422, title="Account closed", detail="Account A-17 was closed in May.")


@jobs.operation("/wait")
async def wait(gate: str, job: Job) -> str:
    job.progress(message="at the gate")
    while not Path(gate).exists():
        await asyncio.sleep(0.02)
        job.progress()
    return "through"


@jobs.operation("/crawl")
async def crawl(gate: str, job: Job) -> dict[str, Any]:
    rows = []
    for row in job.track(job.resume(range(10))):
        while row == 5 and not Path(gate).exists():
            await asyncio.sleep(0.02)
            job.progress(message="at the gate")
        rows.append(row)
    return {"attempt": job.attempt, "rows": rows}


@jobs.operation("/notes", retries=1, backoff=Backoff(base=0.001))
def take_notes(job: Job) -> str:
    job.log(f"attempt {job.attempt}")
    if job.attempt == 1:
        raise ConnectionError("Once more.")
    job.log("[b]nearly[/b] done", level="warning")
    return "noted"


@jobs.operation("/bind")
def bind(pages: list[Upload], title: str) -> list[str]:
    return [title, *(page.path.read_text() for page in pages)]


@jobs.operation("/sum")
def add_up(rows: Lines[int]) -> int:
    return sum(rows)


@jobs.operation("/ping", durable=False, losable="Nobody reads it.")
def ping(path: str) -> None:
    Path(path).touch()


@jobs.operation("/document")
def document() -> Content:
    return Content(b"%PDF\\x00\\xff", media_type="application/pdf", filename="letter.pdf")


@jobs.operation("/made", isolation="process")
def made() -> Created:
    return Created("/letters/7", {"pages": 1})
'''


def run(*arguments: str, folder: Path, env: Mapping[str, str] | None = None, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """A command, run to its end."""
    return subprocess.run(
        command(*arguments), cwd=folder, env=os.environ | (env or {}), input=stdin, capture_output=True, text=True, timeout=60, check=False
    )


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "coatcheck", *arguments]


class Running:
    """A `coatcheck serve` or `coatcheck worker` that goes on, its log in a file."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process, self._log = process, log

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8")

    def logged(self, pattern: str) -> str:
        """The first group of `pattern` once the log has it."""
        return eventually(lambda: self._find(pattern))

    @property
    def url(self) -> str:
        return self.logged(r"on (http://\S+) with")

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, and wait for the exit status."""
        self.process.send_signal(number)
        return self.process.wait(30)

    def _find(self, pattern: str) -> str | None:
        if found := re.search(pattern, self.log):
            return found[1]
        assert self.process.poll() is None, self.log
        return None


@contextmanager
def running(*arguments: str, folder: Path, env: Mapping[str, str] | None = None) -> Iterator[Running]:
    """A command that is ended when the block is."""
    with (
        NamedTemporaryFile(dir=folder, suffix=".log", delete=False) as log,
        subprocess.Popen(
            command(*arguments), cwd=folder, env=os.environ | (env or {}), stdout=log, stderr=log, start_new_session=True
        ) as process,
    ):
        try:
            yield Running(process, Path(log.name))
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(30)


def forget_modules(folder: Path) -> None:
    """Make the next test's modules of the same names be imported anew."""
    for name in [name for name, module in sys.modules.items() if str(getattr(module, "__file__", None)).startswith(str(folder))]:
        del sys.modules[name]
