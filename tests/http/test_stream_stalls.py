"""Clients of a stream that do not read what they asked for."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from coatcheck.store.contract import LogEntry
from tests.http.site import Site, running
from tests.sse import Event, Parser, stream, until

LONG = [LogEntry("info", "x" * 200_000, 1.0)]
MANY = 60
"""Times that much is more than the buffers of both ends hold."""


@contextmanager
def asking(site: Site, path: str) -> Iterator[socket.socket]:
    """A client that has asked for a stream, and has room for next to nothing."""
    server = urlsplit(str(site.api.base_url))
    assert server.hostname
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect((server.hostname, server.port))
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n\r\n".encode())
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


async def test_who_does_not_read_is_cut_off_and_goes_on_by_number(tmp_path: Path) -> None:
    """F70: nothing is kept for it but its place, and its connection goes with all that was written to it."""
    async with running(tmp_path, stream_stall=0.2) as site:
        told: list[str] = []
        site.jobs.telemetry.subscribe(lambda event, _: told.append(event))
        job_id = await site.submit()
        claim = await site.claim(job_id)
        with asking(site, f"/jobs/{job_id}/events?after=2") as client:
            await until(lambda: site.jobs.wiring.streams.count == 1)
            for _ in range(MANY):
                await site.store.report(claim, None, LONG)
            await until(lambda: "stream.cut" in told)
            await until(lambda: site.jobs.wiring.streams.count == 0)
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
