"""What a job's process prints, as lines of the job's log."""

import asyncio
import os
from functools import partial

from coatcheck.programs.output import LEVEL, LOG_INTERVAL, Output
from coatcheck.worker.run import ActiveRun

_CHUNK = 1024**2


class Printed:
    """Reads a pipe as fast as it is written, so that nothing waits for it; of too much the newest lines are kept."""

    def __init__(self, run: ActiveRun, descriptor: int) -> None:
        self._output = Output(understood=None, log=partial(run.log, LEVEL), clock=run.clock)
        self._descriptor = descriptor
        self._logging: asyncio.TimerHandle | None = None
        os.set_blocking(descriptor, False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(descriptor, self._read)

    def close(self) -> None:
        """Take what is left in the pipe, once nobody writes any more, and let go of it."""
        self._loop.remove_reader(self._descriptor)
        while self._read():
            pass
        os.close(self._descriptor)
        if self._logging is not None:
            self._logging.cancel()
        self._output.end()

    def _read(self) -> bool:
        try:
            chunk = os.read(self._descriptor, _CHUNK)
        except BlockingIOError:
            return False
        if not chunk:  # the end, which would be readable for ever
            self._loop.remove_reader(self._descriptor)
            return False
        self._take(chunk)
        return True

    def _take(self, chunk: bytes) -> None:
        self._output.take(chunk)
        if self._output.waiting and self._logging is None:
            self._logging = self._loop.call_later(LOG_INTERVAL, self._log)

    def _log(self) -> None:
        self._logging = None
        self._take(b"")  # which may be too early by the clock: uvloop counts in whole milliseconds
