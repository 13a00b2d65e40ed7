"""An answer that goes on for as long as there is something to tell: server-sent events."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import aclosing

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from coatcheck.feed.watch import Watch
from coatcheck.http.held import gone
from coatcheck.http.line import Line, is_alone
from coatcheck.http.subscription import Subscription
from coatcheck.http.watched import watched
from coatcheck.wire.sse import COMMENT, MEDIA_TYPE

HEADERS = {
    "Content-Type": MEDIA_TYPE,
    "Cache-Control": "no-cache, no-transform",
    "Vary": "Accept",
    "X-Accel-Buffering": "no",  # nginx: pass on each event when it comes
}
_RETRY = (1000, 5000)
"""Milliseconds after which clients that were cut off come back, not all at once."""


class EventStream(StreamingResponse):
    """The events of a subscription. Under ASGI it notices who has gone, and cuts off who does not read."""

    def __init__(self, subscription: Subscription) -> None:
        super().__init__(self._frames(), headers=HEADERS)
        self._subscription, self._telemetry = subscription, subscription.call.wiring.telemetry
        self._settings = subscription.call.wiring.settings
        self._watch: Watch | None = None
        self._line: Line | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._line = line = Line(scope, receive, send, self._settings.stream_stall)
        hung_up = asyncio.ensure_future(gone(receive))
        hung_up.add_done_callback(lambda _: self._stop())
        try:
            await line.send({"type": "http.response.start", "status": self.status_code, "headers": self._fields(scope)})
            async with aclosing(self.body_iterator) as frames:  # type: ignore[type-var]  # ours is a generator
                async for frame in frames:
                    await line.send({"type": "http.response.body", "body": frame, "more_body": True})
            await line.send({"type": "http.response.body", "body": b""})
            with self._subscription.call.wiring.held.released(line.hurry):
                await line.emptied()
        except asyncio.CancelledError:
            if not line.cut:
                raise
        finally:
            line.close()
            hung_up.cancel()
            if line.cut:
                self._telemetry.emit("stream.cut", job=self._subscription.job)

    def _fields(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        """Over HTTP/1.1, a stream has a connection of its own: what was set for it would be too small for other answers."""
        own = [(b"connection", b"close")] if is_alone(scope) else []
        return [*self.raw_headers, *own]

    async def _frames(self) -> AsyncIterator[bytes]:
        retry = random.randint(*_RETRY)  # noqa: S311  no secret
        with watched(self._subscription, self._stop) as self._watch:
            if self._subscription.after is not None:
                yield COMMENT  # there may be nothing else to send for long, and a client waits to hear that it is connected
            while not self._watch.over:
                messages = await self._watch.messages(self._settings.stream_keep_alive)
                for message in messages:
                    yield b"retry: %d\n" % retry + message.frame if retry else message.frame
                    self._watch.cursor, retry = message.seq, 0
                if not messages and not self._watch.over:
                    yield COMMENT

    def _stop(self) -> None:
        if self._watch is not None:
            self._watch.stop()
        if self._line is not None:
            self._line.hurry()
