"""From any thread onto an event loop, many things for one wake-up."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class Hop(Generic[T]):
    """Calls `handler(item)` on `loop` for each item posted, in order.

    Waking a loop from another thread costs a system call; items posted before the loop gets round share one.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, handler: Callable[[T], None]) -> None:
        self._loop = loop
        self._handler = handler
        self._items: deque[T] = deque()
        self._awaited = False

    def post(self, *items: T) -> None:
        """Hand `items` over. From any thread; items for a loop that has been closed are dropped."""
        self._items.extend(items)
        if items and not self._awaited:
            self._awaited = True
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._arrive)

    def _arrive(self) -> None:
        self._awaited = False  # before looking, so that whatever is posted from here on wakes the loop again
        while self._items:
            self._handler(self._items.popleft())
