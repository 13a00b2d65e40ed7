"""Where functions run.

`async def` runs on an event loop in a thread of its own, `def` in threads, and what is to be isolated in processes. None
of it is the worker's own loop, so a function that blocks stops no heartbeat, nor the web server.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from contextvars import Context
from functools import partial
from pathlib import Path
from typing import Any

from coatcheck.blobs.contract import Blobs
from coatcheck.domain.outcome import Ending
from coatcheck.operations.content import Content
from coatcheck.worker import conclude
from coatcheck.worker.calls import AnyOperation, Calls, close
from coatcheck.worker.ended import Ended
from coatcheck.worker.event_loop import LoopThread
from coatcheck.worker.hop import Hop
from coatcheck.worker.isolation.processes import Processes
from coatcheck.worker.run import ActiveRun
from coatcheck.worker.threads import Threads
from coatcheck.worker.workshop import Workshop

LAST_WORDS = 0.5
"""Seconds a run that was told to stop at the end of the grace has to end by itself before it is left to its own devices."""
_FILES = (Content, Path, bytes, bytearray, memoryview)


class Runners:
    """Runs attempts and posts how each ended."""

    def __init__(
        self,
        *,
        workshop: Workshop,
        processes: Processes,
        ended: Hop[Ended],
        returned: Callable[[Any, Blobs], Ending] = conclude.returned,
    ) -> None:
        self._workshop, self._processes, self._ended, self._returned = workshop, processes, ended, returned
        self._calls = Calls(workshop, scopes=["job"])
        self._threads = Threads("coatcheck-run")
        self._loop_thread = LoopThread("coatcheck-loop")
        self._loop = self._loop_thread.loop
        self._arrivals: Hop[tuple[AnyOperation, ActiveRun]] = Hop(self._loop, self._start_task)
        self._tasks: set[asyncio.Task[None]] = set()
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        """Open the worker's resources. What they raise is raised here, once those opened before are closed again."""
        self._loop_thread.start()
        try:
            await self._loop_thread.run(self._open_shared())
            await self._processes.start()
        except BaseException:
            await self._loop_thread.stop(LAST_WORDS)
            raise

    async def stop(self) -> None:
        """Close the worker's resources and end the threads, as far as no function holds them: those end with the process."""
        patience = LAST_WORDS
        await self._processes.stop()
        try:
            async with asyncio.timeout(patience):
                await self._loop_thread.run(self._stack.aclose())
        except TimeoutError:
            patience = 0.0  # a function blocks the loop
        finally:
            self._threads.stop()
            await self._loop_thread.stop(patience)

    def begin(self, runs: Sequence[ActiveRun]) -> None:
        """Start the functions of `runs`; how each ended is posted."""
        arrivals = []
        for run in runs:
            operation = self._workshop.registry.find(run.claim.job.operation)
            assert operation is not None, "a worker claims only what is registered"
            if operation.isolation == "process":
                self._processes.begin(operation, run)
            elif operation.is_async:
                arrivals.append((operation, run))
            else:
                self._threads.run(partial(self._run_in_thread, operation, run))
        self._arrivals.post(*arrivals)

    def _start_task(self, arrival: tuple[AnyOperation, ActiveRun]) -> None:
        task = self._loop.create_task(self._run_on_loop(*arrival), context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run_on_loop(self, operation: AnyOperation, run: ActiveRun) -> None:
        try:
            value = await self._calls.awaited(operation, run)
            if isinstance(value, _FILES):
                ending = await asyncio.to_thread(self._returned, value, self._workshop.blobs)
            else:
                ending = self._returned(value, self._workshop.blobs)
        except BaseException as error:  # noqa: BLE001  whatever a function raises ends its run, never the loop
            self._ended.post(Ended(run, conclude.stopped(error, run), error))
        else:
            self._ended.post(Ended(run, ending))

    def _run_in_thread(self, operation: AnyOperation, run: ActiveRun) -> None:
        try:
            ending = Context().run(self._call, operation, run)
        except BaseException as error:  # noqa: BLE001  likewise, never the thread
            self._ended.post(Ended(run, conclude.stopped(error, run), error))
        else:
            self._ended.post(Ended(run, ending))

    def _call(self, operation: AnyOperation, run: ActiveRun) -> Ending:
        return self._returned(self._calls.called(operation, run, self._loop_thread.wait_for), self._workshop.blobs)

    async def _open_shared(self) -> None:
        try:
            self._calls.shared = await self._workshop.resources.open("worker", self._stack)
        except BaseException as error:
            await close(self._stack, error)
            raise
