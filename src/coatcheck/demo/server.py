"""The demonstration's application, served by `coatcheck serve` in processes of its own."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Self

PATIENCE = 30.0
"""Seconds the server may take to start, and the same to stop."""
_LISTENING = re.compile(rb" on (http://\S+) ")


class ServerFailed(Exception):
    """The server ended, or did not start."""


class Server:
    """`coatcheck serve`, on a free loopback port and files of its own."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.log = log
        """The log lines of all its processes."""
        self._process = process
        self._url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._copying = asyncio.create_task(self._copy_log())

    @classmethod
    @asynccontextmanager
    async def serving(cls, target: str, directory: Path) -> AsyncIterator[Self]:
        """Serve `target` while the context lasts; its files, the log too, go to `directory`."""
        store = f"sqlite:///{directory / 'jobs.db'}"
        command = [sys.executable, "-m", "coatcheck", "serve", target, "--port", "0", "--store", store, "--grace", "5"]
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=directory,
            stderr=asyncio.subprocess.PIPE,
            process_group=0,  # Ctrl-C reaches us alone: a second signal would cut the server's grace short
        )
        server = cls(process, directory / "serve.log")
        try:
            yield server
        finally:
            await server._stop()

    async def url(self) -> str:
        """Where it is reached. Raises ServerFailed when it did not start."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._url
        except TimeoutError:
            raise ServerFailed(f"The server did not start within {PATIENCE:g} seconds; see {self.log}.") from None

    async def ended(self) -> None:
        """Wait until it has ended."""
        await self._process.wait()

    def kill_worker(self, worker_id: str) -> int:
        """SIGKILL the worker process that runs as the incarnation `worker_id` (host:process id:digits); its process id.

        Raises ServerFailed unless that is a child of this server.
        """
        pid = int(worker_id.split(":")[1])
        if _parent(pid) != self._process.pid:
            raise ServerFailed(f"The process {pid} of the worker {worker_id} is no child of the server.")
        os.kill(pid, signal.SIGKILL)
        return pid

    async def _copy_log(self) -> None:
        assert self._process.stderr is not None
        with self.log.open("wb", buffering=0) as log:
            async for line in self._process.stderr:
                log.write(line)
                if (listening := _LISTENING.search(line)) and not self._url.done():
                    self._url.set_result(listening[1].decode())
        if not self._url.done():
            self._url.set_exception(ServerFailed(f"The server ended before it listened; see {self.log}."))

    async def _stop(self) -> None:
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
        await self._copying


def _parent(pid: int) -> int:
    """The process id of a process's parent; 0 where there is no such process."""
    if sys.platform == "linux":  # where slim systems have no ps
        stat = Path(f"/proc/{pid}/stat")
        return int(stat.read_text().rpartition(")")[2].split()[1]) if stat.exists() else 0
    listed = subprocess.run(["/bin/ps", "-o", "ppid=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return int(listed.stdout or 0)
