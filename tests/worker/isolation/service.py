"""A real service: `coatcheck serve` with one worker, reached by HTTP, and what is left of the jobs it ran."""

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from coatcheck import Coatcheck
from coatcheck.domain.event import Event
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.state import Status
from coatcheck.testing.harness import Process, coatcheck_process, eventually, free_port
from tests.faults.site import told

MEBIBYTE = 1024**2
ROOT = Path(__file__).parents[3]
APPLICATION = "tests.worker.isolation.application:jobs"


class Service:
    """What a test asks of it. One worker at a time: `worker` is its pid at the start."""

    def __init__(self, process: Process, http: httpx2.Client, store: str, mark: str) -> None:
        self.process, self.http, self._store, self._mark = process, http, store, mark
        eventually(self._answers)
        eventually(lambda: told(process, "worker.started"))
        self.worker = self.child("_worker")
        self._lost: list[dict[str, Any]] = []

    # Jobs ------------------------------------------------------------------------------------------------------------

    def submit(self, operation: str, **arguments: Any) -> str:
        """Submit a request; the job's id."""
        answer = self.http.post(f"/{operation}", json=arguments)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["jobId"])

    def run(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Submit a request; the job's representation, once it has ended."""
        return self.ended(self.submit(operation, **arguments))

    def state(self, job_id: str) -> dict[str, Any]:
        """The job's representation."""
        state: dict[str, Any] = self.http.get(f"/jobs/{job_id}").raise_for_status().json()
        return state

    def ended(self, job_id: str) -> dict[str, Any]:
        """The same, once it has ended."""
        return eventually(lambda: state if Status((state := self.state(job_id))["status"]).terminal else None)

    def cancel(self, job_id: str) -> None:
        """Ask for its end."""
        self.http.delete(f"/jobs/{job_id}").raise_for_status()

    def events(self, job_id: str) -> list[Event]:
        """The job's history."""

        async def read() -> list[Event]:
            async with Coatcheck(store=self._store, embedded_worker=False).opened() as wiring:
                return list(await wiring.store.events(job_id, SYSTEM, limit=10_000))

        return asyncio.run(read())

    def types(self, job_id: str) -> list[str]:
        """The types of its events."""
        return [event.type.value for event in self.events(job_id)]

    # What is left ----------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """After every hostile job: the same worker lives, no process is left, the next job runs. The test after it is judged anew."""
        before, self.worker = self.worker, self.child("_worker")
        known, self._lost = self._lost, told(self.process, "worker.lost")
        assert (self.worker, self._lost) == (before, known), self.process.log[-10_000:]
        eventually(lambda: not self.left())  # the supervisor collects what came to it in a while
        assert self.run("echo", text="still here")["result"] == "still here"

    def left(self) -> list[str]:
        """The command lines of processes that are not the service's own: what jobs started, wherever it is by now."""
        own = {self.process.pid, self.child("_api"), self.worker, *self.fork_servers()}
        marked = {pid for pid in (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()) if self._is_ours(pid)}
        forked = {pid for parent in own for pid in children(parent)}
        return [f"{pid}: {command_line(pid)}" for pid in sorted((marked | forked) - own)]

    def fork_servers(self) -> list[int]:
        """Their pids: one at a time."""
        return [pid for pid in children(self.worker) if any("fork_server" in argument for argument in command_line(pid))]

    def child(self, command: str) -> int:
        """The pid of the supervisor's child that runs this command."""
        return eventually(lambda: next((pid for pid in self.process.children() if command in command_line(pid)), None))

    def _is_ours(self, pid: int) -> bool:
        try:
            return self._mark.encode() in Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:  # it has ended
            return False

    def _answers(self) -> bool:
        assert self.process.status is None, self.process.log
        try:
            return self.http.get("/readyz").status_code == 200
        except httpx2.TransportError:
            return False


@contextmanager
def serving_application(directory: Path, store: str | None = None, *, workers: int = 1, **settings: object) -> Iterator[Service]:
    """Serve the application with that many workers. Default store: a SQLite file in `directory`."""
    port, mark, store = free_port(), f"mark-{uuid.uuid4().hex}", store or f"sqlite:///{directory / 'jobs.db'}"
    environment = {
        "COATCHECK_STORE": store,
        "MARK": mark,
        "PYTHONUNBUFFERED": "",  # what a process holds back is looked at, too
        **{f"COATCHECK_{name.upper()}": str(value) for name, value in settings.items()},
    }
    arguments = ["serve", APPLICATION, "--port", str(port), "--workers", str(workers), "--log-format", "json"]
    with (
        coatcheck_process(*arguments, directory=ROOT, environment=environment) as process,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http,
    ):
        yield Service(process, http, store, mark)


def children(pid: int) -> set[int]:
    """Pids of a process's children."""
    found: set[int] = set()
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        found.update(map(int, thread.read_text().split()))
    return found


def command_line(pid: int) -> list[str]:
    """What a process was started with; nothing once it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
    except OSError:
        return []


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or waits to be collected: whatever it held is let go of."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
