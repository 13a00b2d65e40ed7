"""Calling an operation's function: its stored arguments read, its job injected, its resources opened around it."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from coatcheck.context import Job
from coatcheck.current import enter
from coatcheck.domain import problem
from coatcheck.errors import Fail, InvalidArguments
from coatcheck.operations.operation import Operation
from coatcheck.worker.resources import Resources, Scope
from coatcheck.worker.run import ActiveRun, Interruption

AnyOperation = Operation[..., Any]


class Calls:
    """Calls functions, each with the resources of `scopes` opened for it alone, and what is `shared` beside."""

    def __init__(self, resources: Resources, *, scopes: Sequence[Scope]) -> None:
        self.shared: Mapping[Any, Any] = {}
        self._resources, self._scopes = resources, scopes

    async def awaited(self, operation: AnyOperation, run: ActiveRun) -> Any:
        """What an `async def` returns. Raises whatever it raises; an interruption of the run cancels it."""
        if not self._opens:
            return await _cancellably(operation, run, self._prepare(operation, run, {}))
        stack = AsyncExitStack()
        try:
            value = await _cancellably(operation, run, self._prepare(operation, run, await self._open(stack)))
        except BaseException as error:
            await close(stack, error)
            raise
        await stack.aclose()
        return value

    def called(self, operation: AnyOperation, run: ActiveRun, wait_for: Callable[[Coroutine[Any, Any, Any]], Any]) -> Any:
        """What a `def` returns. Raises whatever it raises. `wait_for` waits for a coroutine on another thread's loop."""
        if not self._opens:
            return operation.function(**self._prepare(operation, run, {}))
        stack = AsyncExitStack()
        try:
            opened = wait_for(self._open(stack))
            value = operation.function(**self._prepare(operation, run, opened))
        except BaseException as error:
            wait_for(close(stack, error))
            raise
        wait_for(stack.aclose())
        return value

    @property
    def _opens(self) -> bool:
        return any(map(self._resources.any, self._scopes))

    async def _open(self, stack: AsyncExitStack) -> dict[Any, Any]:
        opened: dict[Any, Any] = {}
        for scope in self._scopes:
            opened |= await self._resources.open(scope, stack)
        return opened

    def _prepare(self, operation: AnyOperation, run: ActiveRun, opened: Mapping[Any, Any]) -> dict[str, Any]:
        job = Job(run, run.claim.checkpoint, {**self.shared, **opened})
        enter(job)
        arguments = _decoded(operation, run.claim.arguments)
        if operation.parameters.job is not None:
            arguments[operation.parameters.job] = job
        return arguments


async def _cancellably(operation: AnyOperation, run: ActiveRun, arguments: Mapping[str, Any]) -> Any:
    with _Cancellable(run):
        return await operation.function(**arguments)


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
