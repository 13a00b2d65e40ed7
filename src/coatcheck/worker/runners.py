"""Where functions run: `async def` on an event loop in a thread of its own, `def` in threads.

Neither is the worker's own loop, so a function that blocks stops no heartbeat, nor the web server.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from contextvars import Context
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coatcheck.blobs.contract import Blobs
from coatcheck.context import Job, enter
from coatcheck.domain import problem
from coatcheck.domain.outcome import Ending
from coatcheck.errors import Fail, InvalidArguments
from coatcheck.operations.content import Content
from coatcheck.operations.operation import Operation
from coatcheck.operations.registry import Registry
from coatcheck.worker import conclude
from coatcheck.worker.event_loop import LoopThread
from coatcheck.worker.hop import Hop
from coatcheck.worker.resources import Resources
from coatcheck.worker.run import ActiveRun
from coatcheck.worker.threads import Threads

AnyOperation = Operation[..., Any]

LAST_WORDS = 0.5
"""Seconds a run that was told to stop at the end of the grace has to end by itself before it is left to its own devices."""
_FILES = (Content, Path, bytes, bytearray, memoryview)


@dataclass(frozen=True)
class Ended:
    """A run that has ended: how, and what the function raised, if it did."""

    run: ActiveRun
    ending: Ending
    error: BaseException | None = None


class Runners:
    """Runs attempts and posts how each ended."""

    def __init__(self, *, registry: Registry, blobs: Blobs, resources: Resources, ended: Hop[Ended]) -> None:
        self._registry, self._blobs, self._resources, self._ended = registry, blobs, resources, ended
        self._threads = Threads("coatcheck-run")
        self._loop_thread = LoopThread("coatcheck-loop")
        self._loop = self._loop_thread.loop
        self._arrivals: Hop[tuple[AnyOperation, ActiveRun]] = Hop(self._loop, self._start_task)
        self._tasks: set[asyncio.Task[None]] = set()
        self._stack = AsyncExitStack()
        self._shared: Mapping[Any, Any] = {}

    async def start(self) -> None:
        """Open the worker's resources. What they raise is raised here, once those opened before are closed again."""
        self._loop_thread.start()
        try:
            self._shared = await self._loop_thread.run(self._open_shared())
        except BaseException:
            await self._loop_thread.stop(LAST_WORDS)
            raise

    async def stop(self) -> None:
        """Close the worker's resources and end the threads, as far as no function holds them: those end with the process."""
        patience = LAST_WORDS
        try:
            async with asyncio.timeout(patience):
                await self._loop_thread.run(self._stack.aclose())
        except TimeoutError:
            patience = 0.0  # a function blocks the loop
        finally:
            self._threads.stop()
            await self._loop_thread.stop(patience)

    def begin(self, run: ActiveRun) -> None:
        """Start the function of `run`; how it ended is posted."""
        operation = self._registry.find(run.claim.job.operation)
        assert operation is not None, "a worker claims only what is registered"
        if operation.is_async:
            self._arrivals.post((operation, run))
        else:
            self._threads.run(lambda: self._run_in_thread(operation, run))

    def _start_task(self, arrival: tuple[AnyOperation, ActiveRun]) -> None:
        task = self._loop.create_task(self._run_on_loop(*arrival), context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run_on_loop(self, operation: AnyOperation, run: ActiveRun) -> None:
        try:
            value = await self._await(operation, run)
            if isinstance(value, _FILES):
                ending = await asyncio.to_thread(conclude.returned, value, self._blobs)
            else:
                ending = conclude.returned(value, self._blobs)
        except BaseException as error:  # noqa: BLE001  whatever a function raises ends its run, never the loop
            self._ended.post(Ended(run, conclude.stopped(error, run), error))
        else:
            self._ended.post(Ended(run, ending))

    def _run_in_thread(self, operation: AnyOperation, run: ActiveRun) -> None:
        try:
            ending = conclude.returned(Context().run(self._call, operation, run), self._blobs)
        except BaseException as error:  # noqa: BLE001  likewise, never the thread
            self._ended.post(Ended(run, conclude.stopped(error, run), error))
        else:
            self._ended.post(Ended(run, ending))

    async def _await(self, operation: AnyOperation, run: ActiveRun) -> Any:
        stack = AsyncExitStack()
        try:
            arguments = self._prepare(operation, run, await self._resources.open("job", stack))
            with _Cancellable(run, self._loop):
                value = await operation.function(**arguments)
        except BaseException as error:
            await _close(stack, error)
            raise
        await stack.aclose()
        return value

    def _call(self, operation: AnyOperation, run: ActiveRun) -> Any:
        if not self._resources.any("job"):
            return operation.function(**self._prepare(operation, run, {}))
        stack = AsyncExitStack()
        try:
            opened = self._loop_thread.wait_for(self._resources.open("job", stack))
            value = operation.function(**self._prepare(operation, run, opened))
        except BaseException as error:
            self._loop_thread.wait_for(_close(stack, error))
            raise
        self._loop_thread.wait_for(stack.aclose())
        return value

    def _prepare(self, operation: AnyOperation, run: ActiveRun, opened: Mapping[Any, Any]) -> dict[str, Any]:
        job = Job(run, run.claim.checkpoint, {**self._shared, **opened})
        enter(job)
        arguments = _decoded(operation, run.claim.arguments)
        if operation.parameters.job is not None:
            arguments[operation.parameters.job] = job
        return arguments

    async def _open_shared(self) -> Mapping[Any, Any]:
        try:
            return await self._resources.open("worker", self._stack)
        except BaseException as error:
            await _close(self._stack, error)
            raise


class _Cancellable:
    """While the function runs, and only then, an interruption of its run cancels the present task."""

    def __init__(self, run: ActiveRun, loop: asyncio.AbstractEventLoop) -> None:
        self._run, self._loop = run, loop
        self._task: asyncio.Task[Any] | None = None

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        self._run.deliver_interruption = self._deliver
        if self._run.interrupted:  # told before there was anything to cancel
            raise asyncio.CancelledError

    def __exit__(self, *_: object) -> None:
        self._task = None

    def _deliver(self) -> None:
        self._loop.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()


async def _close(stack: AsyncExitStack, error: BaseException) -> None:
    """Close resources, telling them what the function raised. None can hide it: a failed run stays failed."""
    await stack.__aexit__(type(error), error, error.__traceback__)


def _decoded(operation: AnyOperation, stored: bytes) -> dict[str, Any]:
    try:
        return operation.parameters.decode(stored)
    except InvalidArguments as error:
        unreadable = problem.arguments_unreadable(str(error))
        raise Fail(status=unreadable.status, type=unreadable.kind, title=unreadable.title, detail=unreadable.detail) from error
