"""The worker's end of its fork server."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from itertools import count

import msgspec

from coatcheck.errors import ConfigurationError
from coatcheck.worker.isolation import frame
from coatcheck.worker.isolation.fork_server import ORDER
from coatcheck.worker.isolation.home import Home
from coatcheck.worker.isolation.messages import Exited, Unable, reports

PATIENCE = 10.0
"""Seconds for a fork server to end what it started, before it is killed itself."""


class ForkServerConnection:
    """A fork server that was started, and is told what to do."""

    def __init__(self, home: Home, *, trust: float) -> None:
        self._home, self._trust = home, trust
        self._numbers = count(1)
        self._forked: dict[int, asyncio.Future[Exited | None]] = {}
        self.lost = False
        """Whether the server is gone, or about to be, so that it forks no more."""

    async def start(self) -> None:
        """Start the server; return once it has imported the application. Raises ConfigurationError when it cannot."""
        ours, theirs = socket.socketpair()
        with theirs:
            arguments = [str(theirs.fileno()), str(os.getpid()), str(self._trust), msgspec.json.encode(self._home).decode()]
            self._process = subprocess.Popen(  # noqa: ASYNC220  a few milliseconds, at the start
                [sys.executable, "-P", "-m", "coatcheck.worker.isolation.fork_server", *arguments],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C and a terminal's end are the worker's to hear
            )
        self._socket = ours
        self._reader, self._writer = await asyncio.open_unix_connection(sock=ours)
        first = await frame.read(self._reader)
        match None if first is None else reports.decode(first):
            case None:
                status = await self._hang_up()
                raise ConfigurationError(f"The process that forks jobs' processes ended with status {status}; its output above says why.")
            case Unable(reason):
                await self._hang_up()
                raise ConfigurationError(f"The application cannot be imported again for isolation='process': {reason}")
        self._listening = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        """Let the server end everything it started, and itself."""
        self.lost = True
        self._writer.close()
        await self._listening

    def fork(self, descriptors: list[int]) -> tuple[int, asyncio.Future[Exited | None]]:
        """Have a process forked for a job, which gets `descriptors`: its number, and, once it has ended, how.

        None instead says that the server has ended, and took the process along. Raises OSError when it is gone already.
        """
        number = next(self._numbers)
        try:
            socket.send_fds(self._socket, [ORDER.pack(number, 0)], descriptors)
        except ConnectionError:
            self.lost = True
            raise
        self._forked[number] = exited = asyncio.get_running_loop().create_future()
        return number, exited

    def signal(self, number: int, sent: signal.Signals) -> None:
        """Have the process group of job `number` sent a signal, if it is still there."""
        with suppress(OSError):  # then the server is gone, and the process with it
            self._socket.send(ORDER.pack(number, sent))

    async def _listen(self) -> None:
        with suppress(frame.BrokenFrame, ValueError):
            while (message := await frame.read(self._reader)) is not None:
                report = reports.decode(message)
                assert isinstance(report, Exited)
                self._forked.pop(report.number).set_result(report)
        self.lost = True
        await self._hang_up()
        for exited in self._forked.values():
            exited.set_result(None)

    async def _hang_up(self) -> int:
        """Wait for the end of the server's process, which hears of this if it is there still; its exit status."""
        self._writer.close()
        try:
            return await asyncio.to_thread(self._process.wait, PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return await asyncio.to_thread(self._process.wait)
