"""A reader of server-sent events of the tests' own, by the letter of the HTML standard (§9.2.6), and streams read with it."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from coatcheck.testing.harness import eventually

ACCEPT = {"Accept": "text/event-stream"}


@dataclass(frozen=True)
class Event:
    """What a browser hands to a page."""

    id: str
    name: str
    data: str

    @property
    def json(self) -> Any:
        return json.loads(self.data)


class Parser:
    """Takes the bytes of a stream as they come."""

    def __init__(self) -> None:
        self.retry: int | None = None
        self.comments = 0
        self.last_id = ""
        self._rest = b""
        self._name, self._data = "", list[str]()
        self._id = ""

    def feed(self, piece: bytes) -> Iterator[Event]:
        *lines, self._rest = (self._rest + piece).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            yield from self._line(line.decode())

    def _line(self, line: str) -> Iterator[Event]:
        if not line:
            yield from self._dispatch()
            return
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "":
                self.comments += 1
            case "event":
                self._name = value
            case "data":
                self._data.append(value)
            case "id" if "\0" not in value:
                self._id = value
            case "retry" if value.isascii() and value.isdigit():
                self.retry = int(value)

    def _dispatch(self) -> Iterator[Event]:
        self.last_id = self._id
        data, name, self._data, self._name = self._data, self._name, [], ""
        if data:
            yield Event(self.last_id, name or "message", "\n".join(data))


class Stream:
    """An open stream."""

    def __init__(self, response: httpx2.Response, events: AsyncIterator[Event], parser: Parser) -> None:
        self.response, self.parser, self._events = response, parser, events

    async def next(self) -> Event:
        """The next event; raises StopAsyncIteration at the end."""
        return await anext(self._events)

    async def rest(self) -> list[Event]:
        """All events to the end."""
        return [event async for event in self._events]


@asynccontextmanager
async def stream(api: httpx2.AsyncClient, url: str, **headers: str) -> AsyncIterator[Stream]:
    """Open a stream; what answers may be something else, see its `response`."""
    parser = Parser()

    async def events() -> AsyncGenerator[Event]:
        async for piece in response.aiter_raw():
            for event in parser.feed(piece):
                yield event

    async with api.stream("GET", url, headers={**ACCEPT, **headers}, timeout=30) as response, aclosing(events()) as coming:
        yield Stream(response, coming, parser)


@contextmanager
def listening(api: httpx2.Client, url: str, **headers: str) -> Iterator[Iterator[Event]]:
    """The events of a stream, read by a plain thread."""
    parser = Parser()
    with api.stream("GET", url, headers={**ACCEPT, **headers}, timeout=30) as response:
        assert response.status_code == 200, response.read()
        yield (event for piece in response.iter_raw() for event in parser.feed(piece))


async def until(look: Callable[[], object]) -> None:
    """Return once `look()` is true, of what happens in another thread."""
    await asyncio.to_thread(eventually, look)
