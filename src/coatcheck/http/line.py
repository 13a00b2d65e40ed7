"""Sending to a client that may not read."""

import asyncio
import random
import socket
import struct
from typing import Any

from starlette.types import Message, Receive, Scope, Send

_KEPT = 16 * 1024
"""Bytes that were written and not yet taken, beyond which a send waits."""
_KEPT_BELOW = 64 * 1024
"""Bytes that the kernel keeps; on its own it would keep some megabytes for each who does not read."""
_LOOKS = 4
"""How often it is looked whether a send has taken too long, while it may take as long as it may."""
_HURRY = 0.25
"""Seconds that a client may keep us waiting once the server is to stop."""
_AT_ONCE = struct.pack("ii", 1, 0)
"""Seconds for which the kernel is to try and send what it has got."""


def is_alone(scope: Scope) -> bool:
    """Whether an answer has its connection to itself, as before HTTP/2."""
    version: str = scope.get("http_version", "1.1")
    return version.startswith("1")


class Line:
    """Sends within one task, and drops the connection where its client leaves unread what is sent for `patience` seconds.

    ASGI has no word for what lies below. uvicorn's `receive` is a method of the object that holds the connection; under a server
    where it is not, buffers are as large as that server's, and a connection that is dropped ends when the server sees that its
    answer was not completed.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, patience: float) -> None:
        self._send, self._patience = send, patience
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._began: float | None = None
        """Since when the client has been waited for."""
        self._emptied: asyncio.Future[None] | None = None
        self.cut = False
        """Whether the connection was dropped."""
        self._transport: Any = getattr(getattr(receive, "__self__", None), "transport", None) if is_alone(scope) else None
        if self._transport is not None:
            self._transport.set_write_buffer_limits(high=_KEPT)
            self._set(socket.SO_SNDBUF, _KEPT_BELOW)
        first = random.uniform(0, patience / _LOOKS)  # noqa: S311  so that thousands are not dropped at once
        self._timer = self._loop.call_later(first, self._look)

    async def send(self, message: Message) -> None:
        """Send a message, once there is room for it."""
        self._began = self._loop.time()
        await self._send(message)
        self._began = None

    async def emptied(self) -> None:
        """Return once the client has taken what was sent, or is dropped: a server that stops waits for all that is not taken."""
        self._began, self._emptied = self._loop.time(), self._loop.create_future()
        self._look()
        await self._emptied

    def hurry(self) -> None:
        """Wait no longer than a moment, for what is being sent, too."""
        self._patience = min(self._patience, _HURRY)
        self._look_after(self._patience)

    def close(self) -> None:
        """Look no more."""
        self._timer.cancel()

    def _look(self) -> None:
        late = self._began is not None and self._loop.time() - self._began >= self._patience
        ended = self._emptied is not None and not (self._transport and self._transport.get_write_buffer_size())
        if late and not ended:
            self._cut()
        if not late and not ended:
            self._look_after(self._patience / _LOOKS)
        elif self._emptied is not None and not self._emptied.done():
            self._emptied.set_result(None)

    def _look_after(self, seconds: float) -> None:
        self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._look)

    def _cut(self) -> None:
        """Drop the connection with whatever was not sent, and have the send end."""
        self.cut = True
        if self._transport is not None:
            self._set(socket.SO_LINGER, _AT_ONCE)
            self._transport.abort()
        elif self._task is not None:
            self._task.cancel()

    def _set(self, option: int, value: int | bytes) -> None:
        if (connection := self._transport.get_extra_info("socket")) is not None:
            connection.setsockopt(socket.SOL_SOCKET, option, value)
