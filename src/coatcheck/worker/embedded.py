"""A worker inside the web process, on a thread and an event loop of its own.

It needs no second process, which is how development and small deployments begin. Its heartbeat shares the interpreter
with the functions it runs: one that holds the interpreter lock for longer than a lease is taken for dead and run again
elsewhere. Workers of `coatcheck serve` and `coatcheck worker` have a supervisor process that keeps their leases.
"""

from collections.abc import Callable

from coatcheck.worker.event_loop import LoopThread
from coatcheck.worker.runners import LAST_WORDS
from coatcheck.worker.worker import Worker


class EmbeddedWorker:
    """Starts and stops a worker from another event loop's thread."""

    def __init__(self, make_worker: Callable[[], Worker]) -> None:
        self._make_worker = make_worker
        self._thread = LoopThread("coatcheck-worker")
        self._worker: Worker | None = None

    async def start(self) -> None:
        """Begin to claim. Raises what a resource raises."""
        self._thread.start()
        try:
            self._worker = await self._thread.run(self._start())
        except BaseException:
            await self._thread.stop(LAST_WORDS)
            raise

    async def stop(self) -> None:
        """Wait for the runs, the grace at most, release the rest, and end."""
        if self._worker is not None:
            await self._thread.run(self._worker.stop())
            await self._thread.stop(LAST_WORDS)

    async def _start(self) -> Worker:
        worker = self._make_worker()
        await worker.start()
        return worker
