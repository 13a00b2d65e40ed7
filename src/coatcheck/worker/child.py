"""One process under a supervisor."""

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress

from coatcheck.worker.frozen import frozen
from coatcheck.worker.incarnation import new_incarnation, worker_id


class Child:
    """A command that is kept running, and what its supervisor knows of the process it is just now.

    `command(incarnation, alive)` gives the program's arguments: `incarnation` is the last part of its worker id, `alive`
    the file descriptor on which it gives signs of life: the first once it is ready. `descriptors` are further ones that the
    process inherits.
    """

    def __init__(self, name: str, command: Callable[[str, int], Sequence[str]], *, descriptors: Sequence[int] = ()) -> None:
        self.name = name
        self.worker_id = ""
        self.process: asyncio.subprocess.Process | None = None
        self.alive_at = 0.0
        """Moment of the last sign of life, on the supervisor's monotonic clock; of the start, before there was one."""
        self.ready = False
        """Whether this process, or the one that ended last, has given a sign of life."""
        self._command, self._descriptors = command, descriptors
        self._signs = -1

    async def start(self, now: float) -> None:
        """Start the process as a new incarnation.

        It leads a session of its own. So Ctrl-C reaches the supervisor alone, which decides what its children hear; and
        orphans of this one can be told from those of others.
        """
        self._signs, writing = os.pipe()
        os.set_blocking(self._signs, False)
        try:
            incarnation = new_incarnation()
            command = self._command(incarnation, writing)
            self.process = await asyncio.create_subprocess_exec(*command, pass_fds=[writing, *self._descriptors], start_new_session=True)
        finally:
            os.close(writing)
        self.worker_id, self.alive_at = worker_id(self.process.pid, incarnation), now
        self.ready = False

    async def ended(self) -> int:
        """Wait for the end of the process; its exit status, negative for a signal."""
        assert self.process is not None
        status = await self.process.wait()
        self.hear(self.alive_at)
        os.close(self._signs)
        self.process = None
        return status

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if the process is there to receive it."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(number)

    def hear(self, now: float) -> None:
        """Take note of the signs of life since the last look."""
        with suppress(BlockingIOError):
            if os.read(self._signs, 65536):
                self.alive_at, self.ready = now, True

    @property
    def frozen(self) -> bool:
        """Whether the process is stopped, as by SIGSTOP or a debugger. Known on Linux only."""
        return self.process is not None and frozen(self.process.pid)
