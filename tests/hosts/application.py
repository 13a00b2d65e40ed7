"""What all hosts serve in their tests, and who its clients are."""

import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

from coatcheck import Coatcheck, Content, Fail, Job, Upload
from coatcheck.domain.owner import Viewer
from coatcheck.loop import in_event_loop

FILE = bytes(range(256)) * 1024
"""What `/export` returns: more than one piece."""


class Asked:
    """The hook that names owners, and what it was asked with."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.in_loop: set[bool] = set()

    def plain(self, request: Any) -> Viewer | None:
        """Who says `Authorization: Bearer ann` is ann."""
        self.requests.append(request)
        self.in_loop.add(in_event_loop())
        return request.headers.get("authorization", "").removeprefix("Bearer ") or None

    async def waiting(self, request: Any) -> Viewer | None:
        """Likewise, `async def`."""
        return self.plain(request)


class Gates:
    """Where a function waits until it is let through."""

    def __init__(self) -> None:
        self._gates: defaultdict[str, threading.Event] = defaultdict(threading.Event)

    def open(self, name: str) -> None:
        self._gates[name].set()

    def is_open(self, name: str) -> bool:
        return self._gates[name].wait(0.01)


def application(folder: Path, gates: Gates | None = None, **settings: Any) -> Coatcheck:
    """An application with a worker of its own."""
    jobs = Coatcheck(**{"store": f"sqlite:///{folder / 'jobs.db'}", "grace": 1.0, **settings})
    there = gates or Gates()

    @jobs.operation("/echo")
    def echo(text: str, times: int = 1) -> dict[str, str]:
        """Say something back."""
        return {"text": text * times}

    @jobs.operation("/export")
    async def export() -> Content:
        return Content(FILE, media_type="application/octet-stream", filename="bytes.bin")

    @jobs.operation("/digest")
    def digest(file: Upload) -> dict[str, Any]:
        return {"size": file.size, "digest": file.digest}

    @jobs.operation("/form")
    def form(title: str, file: Upload) -> dict[str, Any]:
        return {"title": title, "size": file.size, "filename": file.filename}

    @jobs.operation("/boom", name="boom.once")
    def boom() -> None:
        raise Fail(status=422, title="Account closed")

    @jobs.operation("/wait")
    def wait(gate: str, job: Job) -> str:
        job.progress(message="at the gate")
        while not there.is_open(gate):
            job.progress()
        return "through"

    return jobs
