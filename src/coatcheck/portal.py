"""The way from plain `def` code to what is `async def`: one event loop in a thread of its own, for a whole process.

It is there for hosts without an event loop, as WSGI servers are, and opens the store by itself where no lifespan has.
"""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from typing import Any, ParamSpec, TypeVar

from coatcheck.errors import ConfigurationError
from coatcheck.loop import in_event_loop
from coatcheck.telemetry import Telemetry
from coatcheck.worker.event_loop import LoopThread

P = ParamSpec("P")
T = TypeVar("T")
Life = Callable[[], AbstractAsyncContextManager[object]]

_PATIENCE = 5.0
"""Seconds that the end of the process waits for a function that blocks the loop."""


class Portal:
    """Calls `async def` from `def`: in Flask's views, in plain threads, in scripts.

        handle = jobs.portal.call(sales_report.submit, ReportRequest(year=2026))
        report = jobs.portal.call(handle.result, timeout=60)

    The first call opens the store, where no lifespan has; the end of the process closes it. Nothing is started before: a
    server may import the application and fork.
    """

    def __init__(
        self, *, opened: Life, lifespan: Life, is_open: Callable[[], bool], is_live: Callable[[], bool], telemetry: Telemetry
    ) -> None:
        self._opened, self._lifespan, self._is_open, self._is_live = opened, lifespan, is_open, is_live
        self._telemetry = telemetry
        self._changing = threading.Lock()
        self._thread: LoopThread | None = None
        self._process = 0
        self._entering = asyncio.Lock()
        self._held = AsyncExitStack()
        self._serving: Future[None] | None = None

    def call(self, function: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What awaiting `function(*args, **kwargs)` gives; blocks the calling thread until then.

        Raises whatever it raises, StoreUnavailable where the store cannot be opened, ConfigurationError in a thread that has
        an event loop running (await it there), or in a process that was forked after the first call.
        """
        if in_event_loop():
            raise ConfigurationError("portal.call() would block the event loop of this thread: await the function instead.")

        async def called() -> T:
            await self.open()
            return await function(*args, **kwargs)

        return self.wait(self.start(called()))

    def close(self) -> None:
        """Stop what was started, and close what was opened; the end of the process does it. Idempotent; a call begins anew."""
        with self._changing:
            thread, self._thread, self._serving = self._thread, None, None
            if thread is None or self._process != os.getpid():
                return
        thread.wait_for(self._leave())
        asyncio.run(thread.stop(_PATIENCE))

    # For hosts -------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Open the store and start the embedded worker in the background, where no lifespan has. Idempotent, and quick."""
        if self._serving is None and not self._is_live():
            self._serving = self.start(self.open(serving=True))
            self._serving.add_done_callback(self._begun)

    async def open(self, *, serving: bool = False) -> None:
        """On the portal's loop: open the store where it is not; `serving`: begin a lifespan where none has begun."""
        there, life = (self._is_live, self._lifespan) if serving else (self._is_open, self._opened)
        async with self._entering:
            if not there():
                await self._held.enter_async_context(life())

    async def there(self) -> None:
        """On any loop: go on once a lifespan has begun, the portal's own where there is no other."""
        if not self._is_live():
            await asyncio.wrap_future(self.start(self.open(serving=True)))

    def start(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine on the portal's loop, with the caller's context variables."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._running().loop)

    def wait(self, started: Future[T]) -> T:
        """What `started` came to. Whoever is interrupted while waiting cancels it."""
        try:
            return started.result()
        finally:
            started.cancel()

    def chunks(self, coming: AsyncIterator[bytes]) -> Iterator[bytes]:
        """An iterator of the portal's loop, for a plain thread."""

        async def ahead() -> bytes | None:
            return await anext(coming, None)

        async def close() -> None:
            await coming.aclose()  # type: ignore[attr-defined]

        try:
            while (chunk := self.wait(self.start(ahead()))) is not None:
                yield chunk
        finally:
            if hasattr(coming, "aclose"):
                self.wait(self.start(close()))

    async def _leave(self) -> None:
        """Close what was opened; what is being opened just now is opened first, so that nothing of it is left."""
        async with self._entering:
            await self._held.aclose()

    def _running(self) -> LoopThread:
        if self._process not in (0, os.getpid()):
            raise ConfigurationError(
                "This process was forked after jobs.portal had been used, and neither threads nor connections survive that. "
                "Submit nothing while the application is imported, or let the server import it after the fork (gunicorn: no --preload)."
            )
        with self._changing:
            if self._thread is None:
                self._thread, self._process = LoopThread("coatcheck-portal"), os.getpid()
                self._entering, self._held = asyncio.Lock(), AsyncExitStack()
                self._thread.start()
                # Before executors refuse work, which `atexit` would come too late for.
                threading._register_atexit(self._end)  # type: ignore[attr-defined]
            return self._thread

    def _end(self) -> None:
        with suppress(Exception):  # nobody is left to be told
            self.close()

    def _begun(self, serving: Future[None]) -> None:
        error = None if serving.cancelled() else serving.exception()
        if serving.cancelled() or error is not None:
            self._serving = None  # the next request tries again
        if error is not None:
            self._telemetry.emit("service.failed", service=type(self).__name__, error=error)
