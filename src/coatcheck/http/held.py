"""Requests whose answers take as long as a job does: held back until it has moved, or streams that tell of it."""

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive

T = TypeVar("T")
_Handler = Callable[[int, FrameType | None], Any]


class Held:
    """Holds requests, and lets go of all at once when the server is to stop."""

    def __init__(self) -> None:
        self._waiting: set[tuple[asyncio.AbstractEventLoop, Callable[[], object]]] = set()
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

        task, hung_up = asyncio.ensure_future(waiting), asyncio.ensure_future(_gone(request))
        try:
            with self.released(task.cancel):
                await asyncio.wait((task, hung_up), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise ClientDisconnect
            return None if task.cancelled() else task.result()
        finally:
            task.cancel()
            hung_up.cancel()
            await asyncio.gather(task, hung_up, return_exceptions=True)

    @contextmanager
    def released(self, let_go: Callable[[], object]) -> Iterator[None]:
        """Within the block, have the running event loop call `let_go` when the server is to stop; at once where it is stopping."""
        waiting = asyncio.get_running_loop(), let_go
        self._waiting.add(waiting)
        try:
            if self._released:
                let_go()
            yield
        finally:
            self._waiting.discard(waiting)

    def release(self) -> None:
        """Let go of every request, and hold none from now on. From any thread, and from a signal's handler."""
        self._released = True
        for loop, let_go in tuple(self._waiting):
            with suppress(RuntimeError):  # the loop has just been closed
                loop.call_soon_threadsafe(let_go)

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
    if request is None:
        await asyncio.Event().wait()
    else:
        await gone(request.receive)


async def gone(receive: "Receive") -> None:
    """Return when the client has hung up; never where nobody can tell."""
    with suppress(RuntimeError):  # a host that gave the request, and no line to the client
        ends = 0
        while ends <= 1:  # the body may end here; who says so again would do so for ever
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            ends += not message.get("more_body", False)
    await asyncio.Event().wait()
