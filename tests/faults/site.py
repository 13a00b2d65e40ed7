"""One machine: a store, processes on it, and a client."""

import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from chaos.audit import check_url
from coatcheck.domain.job import JobRecord
from coatcheck.domain.state import Status
from coatcheck.testing.harness import Process, coatcheck_process, eventually, free_port, started

LEASE = 2.0
"""Seconds; short, for processes that are to lose their claims by being frozen or unsupervised. All others have a minute."""
TARGET = "application:jobs"
HERE = Path(__file__).parent


class Site:
    """What a test starts, kills and looks at."""

    def __init__(self, directory: Path, store: str, stack: ExitStack, **settings: object) -> None:
        self.directory, self.store = directory, store
        self.port = free_port()
        self._stack = stack
        self._environment = {
            "COATCHECK_STORE": store,
            "COATCHECK_LEASE": "60",
            "COATCHECK_DURABILITY": "process",  # which is what dies here; nothing cuts the power
            **_variables(settings),
        }
        self.api = stack.enter_context(httpx2.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30))

    def run(self, *arguments: str, package: Path | None = None, **settings: object) -> Process:
        """Start a command of ours, or of the Coatcheck in the folder `package`; killed at the end of the test."""
        environment = self._environment | _variables(settings)
        if package is not None:
            environment["PYTHONPATH"] = str(package)
        return self._stack.enter_context(coatcheck_process(*arguments, directory=HERE, environment=environment))

    def serve(self, *, workers: int = 1, package: Path | None = None, **settings: object) -> Process:
        """Start the API with that many workers, and wait until it answers."""
        eventually(self._port_is_free)  # children of a killed supervisor hold it until they have seen its death
        arguments = ["--port", str(self.port), "--workers", str(workers), "--log-format", "json"]
        process = self.run("serve", TARGET, *arguments, package=package, **settings)
        eventually(lambda: process.status is not None or self.answers())
        assert process.status is None, process.log
        return process

    def work(self, *, processes: int = 1, package: Path | None = None, **settings: object) -> Process:
        """Start workers under a supervisor, without an API, and wait until they claim."""
        process = self.run("worker", TARGET, "--processes", str(processes), "--log-format", "json", package=package, **settings)
        eventually(lambda: process.status is not None or len(told(process, "worker.started")) >= processes)
        assert process.status is None, process.log
        return process

    def embed(self, **settings: object) -> Process:
        """Start a web server with the worker in its process, and wait until it answers."""
        eventually(self._port_is_free)
        command = [sys.executable, "-m", "uvicorn", TARGET, "--port", str(self.port)]
        process = self._stack.enter_context(started(command, directory=HERE, environment=self._environment | _variables(settings)))
        eventually(lambda: process.status is not None or self.answers())
        assert process.status is None, process.log
        return process

    def _port_is_free(self) -> bool:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: past connections do not matter
            with suppress(OSError):
                probe.bind(("127.0.0.1", self.port))
                return True
        return False

    def answers(self) -> bool:
        try:
            return self.api.get("/readyz").status_code == 200
        except httpx2.TransportError:
            return False

    def submit(self, operation: str, json: Any, **headers: str) -> str:
        """Submit a request; the acknowledged job's id."""
        answer = self.api.post(f"/{operation}", json=json, headers=headers)
        assert answer.status_code == 202, answer.text
        job_id: str = answer.json()["jobId"]
        return job_id

    def hold(self) -> str:
        """Submit a job that runs until `let_go`."""
        return self.submit("hold", {"directory": str(self.directory)})

    def let_go(self, attempt: int | None = None) -> None:
        """Let every run end that holds its slot; or all first, all second, … attempts."""
        (self.directory / ("go" if attempt is None else f"go-{attempt}")).touch()

    def runs(self, job_id: str, count: int) -> list[tuple[int, int, int]]:
        """Attempt, fence and process of the job's runs, once there have been `count`."""
        notes = self.directory / f"{job_id}.runs"

        def look() -> list[str] | None:
            lines = notes.read_text().splitlines() if notes.exists() else []
            return lines if len(lines) >= count else None

        return [tuple(map(int, line.split())) for line in eventually(look)]  # type: ignore[misc]

    def state(self, job_id: str) -> dict[str, Any]:
        """The job's representation."""
        answer = self.api.get(f"/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        representation: dict[str, Any] = answer.json()
        return representation

    def ended(self, job_id: str) -> dict[str, Any]:
        """The job's representation, once it has ended."""
        return eventually(lambda: state if Status((state := self.state(job_id))["status"]).terminal else None)

    def check(self, *acknowledged: str, ended: bool = True) -> list[JobRecord]:
        """Check the store and all histories in it; the jobs, oldest first."""
        return check_url(self.store, acknowledged=acknowledged, ended=ended)

    def job(self, job_id: str, *, ended: bool = True) -> JobRecord:
        """The job's record, from a store that was checked."""
        (job,) = [job for job in self.check(job_id, ended=ended) if job.id == job_id]
        return job


@contextmanager
def site_in(directory: Path, store: str | None = None, **settings: object) -> Iterator[Site]:
    """A site with these settings in the environment of its processes. Default store: a SQLite file in the directory."""
    with ExitStack() as stack:
        yield Site(directory, store or f"sqlite:///{directory / 'jobs.db'}", stack, **settings)


def told(process: Process, event: str, **facts: object) -> list[dict[str, Any]]:
    """The log lines of such an event."""
    lines = [msgspec.json.decode(line) for line in process.log.splitlines() if line.startswith("{") and line.endswith("}")]
    return [line for line in lines if line.get("event") == event and facts.items() <= line.items()]


def child(process: Process, command: str) -> int:
    """The pid of the supervisor's child that runs the hidden command `command`, once there is one."""

    def look() -> int | None:
        for pid in process.children():
            if command in _command_line(pid):
                return pid
        return None

    return eventually(look)


def gone(pid: int) -> bool:
    """Whether no such process runs any more."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return not _command_line(pid)  # a zombie has none


def kill(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to a process that the test's own processes started."""
    os.kill(pid, number)


def _variables(settings: Mapping[str, object]) -> dict[str, str]:
    return {f"COATCHECK_{name.upper()}": str(value) for name, value in settings.items()}


def _command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
    except OSError:
        return []
