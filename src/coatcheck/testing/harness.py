"""Real servers and real processes for tests: a loopback port, a pid to send signals to, a log to read.

with serving(app) as url:
    httpx2.get(url + "/jobs")

with coatcheck_process("worker", "app:jobs", environment={"COATCHECK_STORE": store}) as worker:
    worker.signal(signal.SIGTERM)
    assert worker.ended() == 0
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from starlette.types import ASGIApp

from coatcheck.clock import SystemClock

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds after which a wait is given up: far more than anything takes, so that only a hang gets there."""
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.01, 0.1


def eventually(look: Callable[[], T | None], *, patience: float = PATIENCE) -> T:
    """What `look()` gives once it is true. For what happens in other processes; within one, wait for an event.

    The longer it has waited the longer it pauses, from 10 to 100 ms: looking costs those something who are waited for.
    Raises TimeoutError after `patience` seconds.
    """
    clock, pause = SystemClock(), threading.Event()
    began = clock.monotonic()
    while not (seen := look()):
        waited = clock.monotonic() - began
        if waited > patience:
            raise TimeoutError(f"Still {seen!r} after {patience:g} s.")
        pause.wait(min(max(waited / 5, _SHORTEST_PAUSE), _LONGEST_PAUSE))
    return seen


def free_port() -> int:
    """A free loopback port. On Linux nobody else is given it while this process lives; elsewhere it was free a moment ago.

    A server can listen there, again and again, if it sets SO_REUSEADDR, as servers do.
    """
    probe = socket.socket()
    probe.bind(("127.0.0.1", 0))
    port: int = probe.getsockname()[1]
    if sys.platform == "linux":
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # not before: it might be given a port that is kept so
        probe.detach()  # bound, though it never listens, until the process ends
    else:
        probe.close()
    return port


@contextmanager
def serving(app: ASGIApp, **config: Any) -> Iterator[str]:
    """Serve `app` by uvicorn in a thread, on a free loopback port; its URL. `config` goes to uvicorn.

    Raises RuntimeError when the application does not start.
    """
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            self._loop, self._told = asyncio.get_running_loop(), asyncio.Event()
            await super().startup(sockets)
            up.set()

        async def main_loop(self) -> None:
            while not await self.on_tick(0):  # which is for the Date of its answers
                with suppress(TimeoutError):
                    async with asyncio.timeout(1):
                        await self._told.wait()

        def stop(self) -> None:
            self.should_exit = True
            if self.started:
                self._loop.call_soon_threadsafe(self._told.set)

    def run() -> None:
        try:
            server.run([listening])
        except SystemExit:  # how uvicorn says that the application did not start
            pass
        finally:
            up.set()

    up = threading.Event()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = Server(uvicorn.Config(app, **{"log_level": "critical", "lifespan": "on", "timeout_graceful_shutdown": 3, **config}))
        thread = threading.Thread(target=run, name="coatcheck-test-server")
        thread.start()
        up.wait()
        try:
            if not server.started:
                raise RuntimeError("The application did not start; its log says why.")
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.stop()
            thread.join()


class Process:
    """A process that a test started, and what it wrote."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process, self._log = process, log
        self.pid = process.pid

    @property
    def log(self) -> str:
        """What it and its children have written so far, to stdout and stderr."""
        return self._log.read_text("utf-8", "replace")

    @property
    def status(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        return self._process.poll()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def ended(self, *, patience: float = PATIENCE) -> int:
        """Wait for its end; its exit status. Raises TimeoutError after `patience` seconds."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(patience)
        raise TimeoutError(f"Process {self.pid} still runs after {patience:g} s. It wrote:\n{self.log}")

    def children(self) -> list[int]:
        """Pids of its children, in the order they were started. Linux only."""
        task = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in task.read_text().split()] if task.exists() else []

    def kill(self) -> None:
        """End it without a word, if it still runs, and collect it."""
        self._process.kill()
        self._process.wait()


@contextmanager
def coatcheck_process(*arguments: str, directory: Path | None = None, environment: Mapping[str, str] | None = None) -> Iterator[Process]:
    """Run `python -m coatcheck …` in `directory`, with `environment` added to this process's; killed at the end."""
    with started([sys.executable, "-m", "coatcheck", *arguments], directory=directory, environment=environment) as process:
        yield process


@contextmanager
def started(command: list[str], *, directory: Path | None = None, environment: Mapping[str, str] | None = None) -> Iterator[Process]:
    """Run a command likewise."""
    with tempfile.NamedTemporaryFile(prefix="coatcheck-", suffix=".log") as log:
        running = subprocess.Popen(
            command, cwd=directory, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        process = Process(running, Path(log.name))
        try:
            yield process
        finally:
            process.kill()
