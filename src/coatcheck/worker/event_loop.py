"""An event loop in a thread of its own, apart from whoever else has one."""

import asyncio
import threading
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """Runs coroutines for other threads until it is stopped.

    A daemon: a function that never returns does not hold up the end of the process.
    """

    def __init__(self, name: str) -> None:
        self.loop = new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._stopping = False

    def start(self) -> None:
        """Begin to run what was scheduled."""
        self._thread.start()

    async def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What `coroutine` returns there; to be awaited on another event loop."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, self.loop))

    def wait_for(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What `coroutine` returns there; blocks the calling thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    async def stop(self, patience: float) -> None:
        """End the loop and its thread; wait at most `patience` seconds for a function that blocks it."""
        await asyncio.to_thread(self.end, patience)

    def end(self, patience: float) -> None:
        """What `stop` does; blocks the calling thread."""
        self._stopping = True
        with suppress(RuntimeError):  # it is closed already
            self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(patience)

    def _run(self) -> None:
        while not self._stopping:
            with suppress(KeyboardInterrupt, SystemExit):  # of a task that somebody's function created: asyncio lets them through
                self.loop.run_forever()
        with suppress(KeyboardInterrupt, SystemExit):
            self._cancel(asyncio.all_tasks(self.loop))
        self.loop.close()

    def _cancel(self, left: Iterable[asyncio.Task[object]]) -> None:
        """Whoever waits for one of these, in another thread perhaps, would wait for ever."""
        for task in left:
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                self.loop.run_until_complete(task)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A new event loop: uvloop's where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
