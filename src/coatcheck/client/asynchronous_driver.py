"""Does what flows ask for, awaiting, on asyncio and trio."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, TypeVar

import anyio
import httpx2

from coatcheck.client.exchange import Receive, Send, Steps, Tell, Wait
from coatcheck.client.job import prepare
from coatcheck.client.reading import MAX_EVENT, is_stream

T = TypeVar("T")


class AsyncDriver:
    """Drives flows over connections of `http`."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    async def run(self, steps: Steps[T]) -> T:
        """What a flow returns that tells nothing meanwhile."""
        returned: list[T] = []
        async for _ in self.news(_noting(steps, returned)):
            raise TypeError("This flow has news to tell.")
        return returned[0]

    async def news(self, steps: Steps[Any]) -> AsyncGenerator[Any, None]:
        """What a flow tells, as it does."""
        async with aclosing(_Stream()) as stream:
            try:
                step = next(steps)
                while True:
                    if isinstance(step, Tell):
                        yield step.news
                    try:
                        answer = await self._perform(step, stream)
                    except httpx2.TransportError as error:
                        step = steps.throw(error)
                    else:
                        step = steps.send(answer)
            except StopIteration:
                return

    async def _perform(self, step: Send | Wait | Receive | Tell, stream: "_Stream") -> httpx2.Response | httpx2.ServerSentEvent | None:
        match step:
            case Wait(seconds):
                await stream.aclose()
                await anyio.sleep(seconds)
            case Receive():
                return await stream.receive()
            case Send():
                return await self._send(step, stream)
        return None

    async def _send(self, step: Send, stream: "_Stream") -> httpx2.Response:
        request, auth = prepare(self._http, step, None if step.body is None else step.body.pieces())
        response = await self._http.send(request, auth=auth, follow_redirects=False, stream=True)
        if step.silence is not None and is_stream(response):
            await stream.open(response)
            return response
        try:
            if step.into is not None and response.is_success:
                await _write(response, anyio.Path(step.into))
            else:
                await response.aread()
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()
        return response


class _Stream:
    """The stream of events that is listened to, if any."""

    def __init__(self) -> None:
        self._response: httpx2.Response | None = None
        self._events: AsyncIterator[httpx2.ServerSentEvent] | None = None

    async def open(self, response: httpx2.Response) -> None:
        await self.aclose()
        self._response, self._events = response, aiter(httpx2.EventSource(response, max_event_size=MAX_EVENT))

    async def receive(self) -> httpx2.ServerSentEvent | None:
        return None if self._events is None else await anext(self._events, None)

    async def aclose(self) -> None:
        if self._response is not None:
            with anyio.CancelScope(shield=True):
                await self._response.aclose()
        self._response = self._events = None


def _noting(steps: Steps[T], returned: list[T]) -> Steps[None]:
    returned.append((yield from steps))


async def _write(response: httpx2.Response, into: anyio.Path) -> None:
    """The whole body, or nothing of it."""
    part = into.with_name(f"{into.name}.part")
    try:
        async with await part.open("wb") as file:
            async for chunk in response.aiter_bytes():
                await file.write(chunk)
        await part.replace(into)
    finally:
        with anyio.CancelScope(shield=True):
            await part.unlink(missing_ok=True)
