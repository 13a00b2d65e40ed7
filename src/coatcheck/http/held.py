"""Requests whose answers are held back until a job has moved."""

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from starlette.requests import Request

T = TypeVar("T")
_Handler = Callable[[int, FrameType | None], Any]


class Held:
    """Holds requests, and lets go of all at once when the server is to stop."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Task[Any]] = set()
        self._released = False

    @property
    def count(self) -> int:
        """How many there are now."""
        return len(self._waiting)

    async def hold(self, waiting: Coroutine[Any, Any, T], request: "Request | None") -> T | None:
        """What `waiting` gives; None where the server stops before that.

        Raises Starlette's ClientDisconnect where the client goes before that, and what `waiting` raises.
        """
        from starlette.requests import ClientDisconnect  # whoever only runs jobs loads no web framework

        task, gone = asyncio.ensure_future(waiting), asyncio.ensure_future(_gone(request))
        self._waiting.add(task)
        if self._released:
            task.cancel()
        try:
            await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise ClientDisconnect
            return None if task.cancelled() else task.result()
        finally:
            self._waiting.discard(task)
            task.cancel()
            gone.cancel()
            await asyncio.gather(task, gone, return_exceptions=True)

    def release(self) -> None:
        """Let go of every request, and hold none from now on. From any thread, and from a signal's handler."""
        self._released = True
        for task in tuple(self._waiting):
            with suppress(RuntimeError):  # its loop has just been closed
                task.get_loop().call_soon_threadsafe(task.cancel)

    @contextmanager
    def released_by_signals(self) -> Iterator[None]:
        """Within the block, SIGTERM and SIGINT release, and then do what they did before.

        Servers end an application once all its requests are answered, and tell it nothing earlier.
        """
        self._released = False
        chained = self._chain() if threading.current_thread() is threading.main_thread() else {}  # no other may
        try:
            yield
        finally:
            for number, (handler, before) in chained.items():
                if signal.getsignal(number) is handler:
                    signal.signal(number, before)

    def _chain(self) -> dict[signal.Signals, tuple[_Handler, _Handler]]:
        chained: dict[signal.Signals, tuple[_Handler, _Handler]] = {}
        for number in (signal.SIGTERM, signal.SIGINT):
            before = signal.getsignal(number)
            if callable(before):  # a server's own; without one, the process ends at once or not at all
                handler = self._released_before(before)
                signal.signal(number, handler)
                chained[number] = handler, before
        return chained

    def _released_before(self, before: _Handler) -> _Handler:
        def handle(number: int, frame: FrameType | None) -> None:
            self.release()
            before(number, frame)

        return handle


async def _gone(request: "Request | None") -> None:
    """Return when the client has hung up; never where nobody can tell."""
    with suppress(RuntimeError):  # a host that gave the request, and no line to the client
        ends = 0
        while request is not None and ends <= 1:  # the body may end here; who says so again would do so for ever
            message = await request.receive()
            if message["type"] == "http.disconnect":
                return
            ends += not message.get("more_body", False)
    await asyncio.Event().wait()
