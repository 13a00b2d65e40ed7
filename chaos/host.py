"""One service, which an init system would keep running."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from coatcheck.clock import SystemClock
from coatcheck.worker.prctl import die_with

LOOK_AGAIN = 0.05
ROOT = Path(__file__).parents[1]


class Host:
    """`python -m coatcheck …`, or another module, in a directory, with its log beside it. It ends with this process.

    With `port`, it is not started again before that is free: children of a killed supervisor hold it until they have seen its death.
    `package` is the folder with the `coatcheck` to run.
    """

    def __init__(
        self,
        name: str,
        *arguments: str,
        directory: Path,
        settings: Mapping[str, object],
        package: Path,
        port: int | None = None,
        module: str = "coatcheck",
    ) -> None:
        self.restarts = 0
        self._command = [sys.executable, "-m", module, *arguments, *(("--log-format", "json") if module == "coatcheck" else ())]
        self._directory, self._log, self._port = directory, directory / f"{name}.log", port
        self._environment = {
            **os.environ,
            **{f"COATCHECK_{name.upper()}": str(value) for name, value in settings.items()},
            "PYTHONPATH": os.pathsep.join(map(str, (package, ROOT))),
        }
        self._process = self._started()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        """What all its processes have written so far."""
        return self._log.read_text("utf-8", "replace")

    def revive(self) -> None:
        """Start it again if it has died."""
        if self._process.poll() is not None and (self._port is None or _free(self._port)):
            self._process = self._started()
            self.restarts += 1

    async def stopped(self, patience: float) -> int | None:
        """Tell it to stop; its exit status, or None if it had to be killed after `patience` seconds."""
        self._process.send_signal(signal.SIGTERM)
        clock = SystemClock()
        ends = clock.monotonic() + patience
        while self._process.poll() is None and clock.monotonic() < ends:
            await clock.sleep(LOOK_AGAIN)
        if self._process.poll() is None:
            self.kill()
            return None
        return self._process.returncode

    def kill(self) -> None:
        """End it without a word, if it still runs, and collect it."""
        self._process.kill()
        self._process.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                self._command,
                cwd=self._directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=partial(die_with, os.getpid()),  # noqa: PLW1509  this process has one thread
            )


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: past connections do not matter
        with suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return True
    return False
