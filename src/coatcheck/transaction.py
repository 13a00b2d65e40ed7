"""Effects that happen together with a job's completion, as its function sees them."""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Future
from typing import Any, Generic, TypeVar, cast

from coatcheck.loop import in_event_loop
from coatcheck.run import Transacted

T = TypeVar("T", covariant=True)


class Transaction(Generic[T]):
    """A transaction of `job.transaction`."""

    def __init__(self) -> None:
        self._transacted: Transacted | None = None

    @property
    def value(self) -> T:
        """What the function given to `job.transaction` returned: the job's result. Raises RuntimeError before the end."""
        if self._transacted is None:
            raise RuntimeError("The transaction has not ended: in an async function, write `done = await job.transaction(…)`.")
        return cast("T", self._transacted.value)


class AwaitableTransaction(Transaction[T]):
    """What `job.transaction` gives: in a `def` one that is committed, in an `async def` one that runs once it is awaited."""

    def __init__(self, begin: Callable[[], Future[Transacted]]) -> None:
        super().__init__()
        self._pending: Coroutine[Any, Any, None] | None = None
        if in_event_loop():
            self._pending = self._run(begin)  # Python warns of it if nobody awaits it
        else:
            self._end(begin())

    def __await__(self) -> Generator[Any, None, Transaction[T]]:
        pending, self._pending = self._pending, None
        if pending is not None:
            yield from pending.__await__()
        return self

    async def _run(self, begin: Callable[[], Future[Transacted]]) -> None:
        """Leave only once it has ended: what is cancelled here must not go on behind the function's back."""
        loop, ended, future = asyncio.get_running_loop(), asyncio.Event(), begin()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(ended.set))
        cancelled: asyncio.CancelledError | None = None
        while not ended.is_set():
            try:
                await ended.wait()
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled
        self._end(future)

    def _end(self, future: Future[Transacted]) -> None:
        transacted = future.result()
        if transacted.error is not None:
            raise transacted.error
        self._transacted = transacted
