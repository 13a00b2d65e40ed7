"""Calling an operation's function: its stored arguments read, its job injected, its resources opened around it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from coatcheck.context import Job
from coatcheck.current import enter
from coatcheck.domain import problem
from coatcheck.errors import Fail, InvalidArguments
from coatcheck.operations.operation import Operation
from coatcheck.worker import conclude
from coatcheck.worker.inputs import at_hand, soon_at_hand
from coatcheck.worker.resources import Scope
from coatcheck.worker.rows import written, written_as_they_come
from coatcheck.worker.run import ActiveRun, Interruption
from coatcheck.worker.workshop import Workshop

AnyOperation = Operation[..., Any]


class Calls:
    """Calls functions, each with the resources of `scopes` opened for it alone, and what is `shared` beside."""

    def __init__(self, workshop: Workshop, *, scopes: Sequence[Scope]) -> None:
        self.shared: Mapping[Any, Any] = {}
        self._resources, self._blobs, self._scopes = workshop.resources, workshop.blobs, scopes

    def awaited(self, operation: AnyOperation, run: ActiveRun) -> Coroutine[Any, Any, Any]:
        """What an `async def` returns; the ending itself, where that takes files of the run, rows, or what was opened.

        Raises whatever it raises; an interruption of the run cancels it.
        """
        return self._await_with_opened(operation, run) if self._opens else self._await(operation, run, {})

    def called(self, operation: AnyOperation, run: ActiveRun, wait_for: Callable[[Coroutine[Any, Any, Any]], Any]) -> Any:
        """What a `def` returns, likewise. Raises whatever it raises. `wait_for` waits for a coroutine on another thread's loop."""
        if not self._opens:
            return self._call(operation, run, {})
        stack = AsyncExitStack()
        try:
            opened = wait_for(self._open(stack))
            value = conclude.returned(self._call(operation, run, opened), self._blobs)
        except BaseException as error:
            wait_for(close(stack, error))
            raise
        wait_for(stack.aclose())
        return value

    async def _await_with_opened(self, operation: AnyOperation, run: ActiveRun) -> Any:
        stack = AsyncExitStack()
        try:
            value = await self._await(operation, run, await self._open(stack))
            value = await asyncio.to_thread(conclude.returned, value, self._blobs)  # a file may go with what was opened
        except BaseException as error:
            await close(stack, error)
            raise
        await stack.aclose()
        return value

    @property
    def _opens(self) -> bool:
        return any(map(self._resources.any, self._scopes))

    async def _open(self, stack: AsyncExitStack) -> dict[Any, Any]:
        opened: dict[Any, Any] = {}
        for scope in self._scopes:
            opened |= await self._resources.open(scope, stack)
        return opened

    async def _await(self, operation: AnyOperation, run: ActiveRun, opened: Mapping[Any, Any]) -> Any:
        arguments = self._prepare(operation, run, opened)
        with _Cancellable(run):
            if not operation.parameters.files:
                return await self._value_later(operation.function(**arguments), run)
            async with soon_at_hand(operation.parameters.uploads(arguments), run, self._blobs):
                value = await self._value_later(operation.function(**arguments), run)
                return await asyncio.to_thread(conclude.returned, value, self._blobs)

    async def _value_later(self, called: Any, run: ActiveRun) -> Any:
        value = called if isinstance(called, AsyncIterator) else await called
        if isinstance(value, AsyncIterator):
            return await written_as_they_come(value, self._blobs)
        return await asyncio.to_thread(written, value, run, self._blobs) if isinstance(value, Iterator) else value

    def _call(self, operation: AnyOperation, run: ActiveRun, opened: Mapping[Any, Any]) -> Any:
        arguments = self._prepare(operation, run, opened)
        if not operation.parameters.files:
            return self._value(operation.function(**arguments), run)
        with at_hand(operation.parameters.uploads(arguments), run, self._blobs):
            return conclude.returned(self._value(operation.function(**arguments), run), self._blobs)

    def _value(self, value: Any, run: ActiveRun) -> Any:
        return written(value, run, self._blobs) if isinstance(value, Iterator) else value

    def _prepare(self, operation: AnyOperation, run: ActiveRun, opened: Mapping[Any, Any]) -> dict[str, Any]:
        job = Job(run, run.claim.checkpoint, {**self.shared, **opened})
        enter(job)
        arguments = _decoded(operation, run.claim.arguments)
        if operation.parameters.job is not None:
            arguments[operation.parameters.job] = job
        return arguments


async def close(stack: AsyncExitStack, error: BaseException) -> None:
    """Close resources, telling them what the function raised. None can hide it: a failed run stays failed."""
    await stack.__aexit__(type(error), error, error.__traceback__)


class _Cancellable:
    """While the function runs, and only then, an interruption of its run cancels the present task."""

    def __init__(self, run: ActiveRun) -> None:
        self._run, self._loop = run, asyncio.get_running_loop()
        self._task: asyncio.Task[Any] | None = None
        self._delivered: Interruption | None = None

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        self._run.deliver = self._deliver
        if self._run.interrupted:  # told before there was anything to cancel
            raise asyncio.CancelledError

    def __exit__(self, *_: object) -> None:
        self._task = None

    def _deliver(self) -> None:
        if self._run.interruption is not self._delivered:
            self._delivered = self._run.interruption
            self._loop.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()


def _decoded(operation: AnyOperation, stored: bytes) -> dict[str, Any]:
    try:
        return operation.parameters.decode(stored)
    except InvalidArguments as error:
        unreadable = problem.arguments_unreadable(str(error))
        raise Fail(status=unreadable.status, type=unreadable.kind, title=unreadable.title, detail=unreadable.detail) from error
