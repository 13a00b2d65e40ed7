"""Clients of a stream that do not read what they asked for, and those that are not there any more."""

import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from websockets.asyncio.client import connect

from coatcheck.store.contract import LogEntry
from tests.http.site import Site, complaints, running
from tests.sse import Event, Parser, stream, until

LONG = [LogEntry("info", "x" * 200_000, 1.0)]
MANY = 60
"""Times that much is more than the buffers of both ends hold."""
SSE = "Accept: text/event-stream"
WEBSOCKET = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="


@contextmanager
def asking(site: Site, path: str, wanted: str = SSE) -> Iterator[socket.socket]:
    """A client that has asked for a stream, and has room for next to nothing."""
    server = urlsplit(str(site.api.base_url))
    assert server.hostname
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect((server.hostname, server.port))
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: test\r\n{wanted}\r\n\r\n".encode())
        yield client


def pieces(client: socket.socket) -> Iterator[bytes]:
    """What has come through on a connection that must have been cut, and not closed."""
    while True:
        try:
            piece = client.recv(65536)
        except ConnectionResetError:
            return
        assert piece, "closed, when all had been sent"
        yield piece


def received(client: socket.socket) -> list[Event]:
    """The events that have come through whole."""
    answer = b"".join(pieces(client))
    _, _, rest = answer.partition(b"\r\n\r\n")
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return list(Parser().feed(body))


@asynccontextmanager
async def cut_off(site: Site, job_id: str, wanted: str = SSE) -> AsyncIterator[socket.socket]:
    """A client that asked what happens to a job, read nothing of much, and was cut off."""
    told: list[str] = []
    site.jobs.telemetry.subscribe(lambda event, _: told.append(event))
    claim = await site.claim(job_id)
    with asking(site, f"/jobs/{job_id}/events?after=2", wanted) as client:
        await until(lambda: site.jobs.wiring.streams.count == 1)
        for _ in range(MANY):
            await site.store.report(claim, None, LONG)
        await until(lambda: "stream.cut" in told)
        await until(lambda: site.jobs.wiring.streams.count == 0)
        yield client


async def test_who_does_not_read_is_cut_off_and_goes_on_by_number(tmp_path: Path) -> None:
    """F70: nothing is kept for it but its place, and its connection goes with all that was written to it."""
    async with running(tmp_path, stream_stall=0.2) as site:
        job_id = await site.submit()
        async with cut_off(site, job_id) as client:
            events = received(client)
        assert len(events) < MANY
        last = int(events[-1].id) if events else 2
    async with running(tmp_path) as site:
        async with stream(site.api, f"/jobs/{job_id}/events?after={last}") as reading:
            rest = [(await reading.next()).id for _ in range(last, 2 + MANY)]
        assert rest == [str(number) for number in range(last + 1, 3 + MANY)]


async def test_who_does_not_read_holds_up_nobody(tmp_path: Path) -> None:
    async with running(tmp_path) as site:
        job_id = await site.submit()
        claim = await site.claim(job_id)
        with asking(site, f"/jobs/{job_id}/events"):
            async with stream(site.api, f"/jobs/{job_id}/events") as reading:
                await reading.next()
                for _ in range(MANY):
                    await site.store.report(claim, None, LONG)
                assert [(await reading.next()).id for _ in range(MANY)] == [str(number) for number in range(3, 3 + MANY)]


async def test_a_websocket_whose_client_does_not_read_is_cut_off_without_a_fuss(tmp_path: Path) -> None:
    async with running(tmp_path, stream_stall=0.2) as site:
        with complaints() as wrong:
            async with cut_off(site, await site.submit(), WEBSOCKET) as client:
                assert list(pieces(client))
        assert [record.getMessage() for record in wrong] == []


async def test_a_websocket_whose_client_answers_no_ping_is_given_up(tmp_path: Path) -> None:
    """F75: it may have gone without a word. Who answers stays connected."""
    async with running(tmp_path, server={"ws_ping_interval": 0.05, "ws_ping_timeout": 4.0}) as site:
        job_id = await site.submit()
        path = f"/jobs/{job_id}/events"
        async with connect(str(site.api.base_url.copy_with(scheme="ws", path=path))) as answering:
            with complaints() as wrong, asking(site, path, WEBSOCKET) as client:
                await until(lambda: site.jobs.wiring.streams.count == 2)
                await until(lambda: site.jobs.wiring.streams.count == 1)
                *_, end = iter(lambda: client.recv(65536), b"")
            assert end.endswith(b"\x03\xf3keepalive ping timeout"), "1011"
            assert [record.getMessage() for record in wrong] == []
            await site.claim(job_id)
            assert [json.loads(await answering.recv())["id"] for _ in range(2)] == [1, 2]
