"""Streams over a real wire, as servers and what lies between break them up, by both clients."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from coatcheck.client import AsyncClient, Client
from coatcheck.testing.harness import serving
from tests.client.conftest import Connect
from tests.client.counter import Line

JOB = '{"jobId": "j", "status": "%s", "statusUrl": "/jobs/j", "message": "%s", "_links": {"events": {"href": "/jobs/j/events"}}}'

CUT, OPEN = b"(cut)", b"(open)"
"""Not sent: what becomes of the stream there."""


def event(number: int, status: str = "running", message: str = "") -> bytes:
    return f"id: {number}\ndata: {JOB % (status, message or number)}\n\n".encode()


class Site:
    """A job whose streams are what a test says, one after another."""

    def __init__(self) -> None:
        self.streams: list[list[bytes] | Response] = []
        self.status = JOB % ("running", "looked at")
        routes = [Route("/jobs/j", self._status), Route("/jobs/j/events", self._events)]
        self.line = Line(Starlette(routes=routes))
        self.closed = threading.Event()

    async def _status(self, _: Request) -> Response:
        return Response(self.status, media_type="application/json", headers={"Retry-After": "0"})

    async def _events(self, _: Request) -> Response:
        stream = self.streams.pop(0)
        return stream if isinstance(stream, Response) else StreamingResponse(self._pieces(stream), media_type="text/event-stream")

    async def _pieces(self, pieces: list[bytes]) -> AsyncIterator[bytes]:
        try:
            for piece in pieces:
                if piece == CUT:
                    raise ConnectionError("The connection is cut.")
                if piece == OPEN:
                    await asyncio.Event().wait()
                yield piece
        finally:
            self.closed.set()


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def url(site: Site) -> Iterator[str]:
    with serving(site.line) as url:
        yield url


async def messages(job: Any) -> list[str]:
    return [update.message async for update in job]


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
async def test_events_are_read_however_they_are_broken_up(site: Site, url: str, connect: Connect, size: int, end: bytes) -> None:
    """Comments keep a line alive and say nothing; a character may arrive in two halves."""
    text = b": hello\n\nretry: 10\n\nevent: weather\ndata: rain\n\n" + event(1, message="naïve – 納豆") + b":\n\n" + event(2, "completed")
    text = text.replace(b"\n", end)
    site.streams.append([text[start : start + size] for start in range(0, len(text), size)])
    assert await messages(await (await connect(url)).job("j")) == ["looked at", "naïve – 納豆", "2"]


async def test_what_was_cut_in_the_middle_of_an_event_is_read_again(site: Site, url: str, connect: Connect) -> None:
    site.streams += [[event(1) + event(2)[:-1], CUT], [event(2), event(3, "completed")]]
    assert await messages(await (await connect(url)).job("j")) == ["looked at", "1", "2", "3"]
    assert site.line.requests("GET")[-1]["last-event-id"] == "1"


async def test_a_page_in_place_of_a_stream_is_no_stream(site: Site, url: str, connect: Connect) -> None:
    site.streams.append(Response("<html>", media_type="text/html"))
    site.status = JOB % ("running", "1")
    job = await (await connect(url)).job("j")
    site.status = JOB % ("completed", "2")
    assert await messages(job) == ["1", "2"]


async def test_who_has_seen_enough_lets_go_of_the_stream(site: Site, url: str) -> None:
    site.streams += [[event(1), OPEN], [event(1), OPEN]]
    with Client(url) as blocking:
        for update in blocking.job("j"):
            if update.message == "1":
                break
        assert await asyncio.to_thread(site.closed.wait, 30)
    site.closed.clear()
    async with AsyncClient(url) as api, contextlib.aclosing((await api.job("j")).events()) as updates:
        async for news in updates:
            if news.message == "1":
                break
    assert await asyncio.to_thread(site.closed.wait, 30)


async def test_a_stream_that_was_let_go_meanwhile_is_taken_up_again(site: Site, url: str, connect: Connect) -> None:
    """The history had to be waited for, and whoever waits listens to nothing."""
    page = {"items": [{"seq": 1, "type": "log", "at": "2026-01-01T00:00:00Z", "reason": "line 1"}]}
    site.streams += [[event(2), OPEN], Response(status_code=503), JSONResponse(page), [event(3, "completed")]]
    job = await (await connect(url)).job("j")
    assert [news.message async for news in job.events()] == ["looked at", "line 1", "2", "3"]


async def test_a_stream_of_no_use_is_let_go(site: Site, url: str, connect: Connect) -> None:
    site.streams.append([b"data: weather\n\n", OPEN])
    following = asyncio.create_task(messages(await (await connect(url)).job("j")))
    assert await asyncio.to_thread(site.closed.wait, 30)
    site.status = JOB % ("completed", "2")
    assert (await following)[-1] == "2"


async def test_credentials_are_for_the_applications_streams_alone(site: Site, url: str, connect: Connect) -> None:
    elsewhere = Site()
    elsewhere.streams.append([event(1, "completed")])
    with serving(elsewhere.line) as other:
        site.status = site.status.replace('"/jobs/j/events"', f'"{other}/jobs/j/events"')
        api = await connect(url, headers={"Authorization": "Bearer secret"})
        assert await messages(await api.job("j")) == ["looked at", "1"]
    assert "authorization" in site.line.requests("GET")[0]
    assert "authorization" not in elsewhere.line.requests("GET")[0]


async def test_an_event_of_any_size_is_read(site: Site, url: str, connect: Connect) -> None:
    """A result that stands inline may be large."""
    site.streams.append([event(1, "completed", "m" * 5_000_000)])
    assert [len(message) for message in await messages(await (await connect(url)).job("j"))] == [9, 5_000_000]
