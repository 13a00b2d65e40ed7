"""`WS /jobs/{id}/events`: what happens to a job, as it happens, and a way to cancel it."""

import asyncio
from typing import NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from coatcheck.domain.rate import Rate
from coatcheck.errors import Forbidden
from coatcheck.feed.watch import Watch
from coatcheck.http.access import name
from coatcheck.http.buckets import Buckets
from coatcheck.http.call import Call
from coatcheck.http.line import Line
from coatcheck.http.origin import check_origin
from coatcheck.http.problems import answered
from coatcheck.http.subscription import Subscription, subscribe
from coatcheck.http.watched import watched

LARGEST = 64 * 1024
"""Bytes of the largest message that is read."""
RATE = Rate(20, 10.0)
"""How often a client may send something."""


class _Ending(NamedTuple):
    """A close code (RFC 6455 §7.4.1) and what it means here."""

    code: int
    reason: str


_ENDED = _Ending(1000, "Nothing more will happen to the job.")
_COME_BACK = _Ending(1012, "Go on with ?after= and the id of the last message.")
_TOO_LARGE = _Ending(1009, f"A message has {LARGEST} bytes at most.")
_TOO_MANY = _Ending(1008, f"At most {RATE.times} messages in {RATE.seconds:g} seconds.")
_UNKNOWN = _Ending(1003, 'What is understood is {"cancel": true}.')


class _Wish(msgspec.Struct, forbid_unknown_fields=True):
    cancel: bool


def as_request(client: WebSocket) -> Request:
    """The request that opens a WebSocket, as the `authenticate` hook knows requests."""
    return Request({**client.scope, "type": "http", "method": "GET"})


async def socket(call: Call, client: WebSocket) -> None:
    """Tell a client what happens until nothing more will; one that may not know is refused as by HTTP, before it is connected."""
    admitted: list[Subscription] = []

    async def admission() -> Response:
        check_origin(call.request, call.wiring.settings)
        admitted.append(await subscribe(call))
        return Response()

    refusal = await answered(admission(), call.request, call.urls, call.wiring.telemetry)
    if admitted:
        await client.accept()
        await _Conversation(admitted[0], client).hold()
    elif "websocket.http.response" in client.scope.get("extensions", {}):
        await client.send_denial_response(refusal)
        await call.wiring.clock.sleep(0)  # uvicorn logs an error for a refusal that returns before it has noticed its own end
    else:
        await client.close()


class _Conversation:
    def __init__(self, subscription: Subscription, client: WebSocket) -> None:
        self._subscription, self._call, self._client = subscription, subscription.call, client
        self._settings, self._telemetry = self._call.wiring.settings, self._call.wiring.telemetry
        self._line = Line(client.scope, client._receive, client.send, self._settings.stream_stall)

    async def hold(self) -> None:
        listening = asyncio.ensure_future(self._listen())
        try:
            with watched(self._subscription, self._line.hurry) as watch:
                listening.add_done_callback(lambda _: watch.stop())
                await self._tell(watch)
                await self._end(watch, listening)
        except (RuntimeError, WebSocketDisconnect):
            pass  # what Starlette, and the server, make of a client that has gone
        except asyncio.CancelledError:
            if not self._line.cut:
                raise
        finally:
            self._line.close()
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            if self._line.cut:
                self._telemetry.emit("stream.cut", job=self._subscription.job)

    async def _tell(self, watch: Watch) -> None:
        while not watch.over:
            for message in await watch.messages(self._settings.stream_keep_alive):
                await self._say(message.text)
                watch.cursor = message.seq

    async def _end(self, watch: Watch, listening: "asyncio.Future[_Ending | None]") -> None:
        """Close the connection and say why, unless the client has done so."""
        ending: _Ending | None = _COME_BACK if watch.stopped else _ENDED
        if listening.done():
            ending = listening.result()
        if ending is not None:
            await self._line.send({"type": "websocket.close", "code": ending.code, "reason": ending.reason})
            await self._line.emptied()

    async def _say(self, text: str) -> None:
        await self._line.send({"type": "websocket.send", "text": text})

    async def _listen(self) -> _Ending | None:
        """Do what the client wants, until it goes (None), or wants what cannot be."""
        allowance, now = Buckets(RATE), self._call.wiring.clock.monotonic
        while (message := await self._client.receive())["type"] == "websocket.receive":
            if allowance.level("", now()).wait:
                return _TOO_MANY
            allowance.take("", now())
            said = message.get("text") or message.get("bytes") or ""
            if len(said) > LARGEST:
                return _TOO_LARGE
            try:
                wish = msgspec.json.decode(said, type=_Wish)
            except (msgspec.DecodeError, UnicodeError):
                return _UNKNOWN
            if wish.cancel:
                await self._cancel()
        return None

    async def _cancel(self) -> None:
        """Cancel the job; that it is cancelled is told like everything that happens, and only a refusal is said here."""
        refusal = await answered(self._cancelled(), self._call.request, self._call.urls, self._telemetry)
        if refusal.status_code != 204:
            await self._say(f'{{"event":"problem","data":{bytes(refusal.body).decode()}}}')

    async def _cancelled(self) -> Response:
        viewer = self._subscription.viewer
        if viewer is None:
            raise Forbidden("A ticket lets its bearer read, and not cancel.")
        await self._call.wiring.jobs.cancel(self._subscription.job.id, viewer, actor=name(viewer))
        return Response(status_code=204)
