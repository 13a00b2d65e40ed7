"""Streams whose server is frozen, killed, or told to stop."""

import asyncio
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import httpx2
import pytest
from websockets.asyncio.client import connect

from coatcheck.testing.harness import eventually
from tests.faults.site import Site, child, kill, told
from tests.services import on_sqlite
from tests.sse import Event, Parser


class Follower:
    """What a browser does: it reads, and comes back with the number of the last event whenever it is cut off, up to a 204."""

    def __init__(self, site: Site, job_id: str) -> None:
        self._site, self._url = site, f"/jobs/{job_id}/events"
        self.events: list[Event] = []
        self.connections = 0

    def follow(self) -> list[Event]:
        """All events to the end."""
        while self._connect():
            pass
        return self.events

    def _connect(self) -> bool:
        parser = Parser()
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": self.events[-1].id} if self.events else {})}
        with suppress(httpx2.TransportError), self._site.api.stream("GET", self._url, headers=headers) as answer:
            if answer.status_code == 204:
                return False
            self.connections += 1
            for piece in answer.iter_raw():
                self.events += parser.feed(piece)
        return True


def _has_seen(follower: Follower, events: int) -> bool:
    return len(follower.events) > events


def check(events: list[Event]) -> None:
    """Each once, none left out, and the end last."""
    numbers = [int(event.id) for event in events]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert events[-1].json["status"] == "completed"
    assert [event.json["completedAt"] for event in events[:-1]] == [None] * (len(events) - 1)


def test_a_stream_goes_on_after_its_server_was_frozen(site: Site) -> None:
    """F15: what happened meanwhile comes afterwards, on the same connection or on another one."""
    service = site.serve()
    job_id = site.submit("count", {"directory": str(site.directory), "rows": 100})
    follower = Follower(site, job_id)
    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(follower.follow)
        eventually(lambda: len(follower.events) > 2)
        api = child(service, "_api")
        kill(api, signal.SIGSTOP)
        try:
            eventually(lambda: told(service, "job.completed"))
        finally:
            kill(api, signal.SIGCONT)
        check(following.result(timeout=30))


def test_a_stream_goes_on_after_its_server_was_killed(site: Site) -> None:
    """The client comes back to another process, which knows what the client has seen and nothing else."""
    service = site.serve()
    job_id = site.submit("count", {"directory": str(site.directory), "rows": 300})
    follower = Follower(site, job_id)
    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(follower.follow)
        for number in (1, 2):
            eventually(partial(_has_seen, follower, 3 * number))
            kill(child(service, "_api"), signal.SIGKILL)
        check(following.result(timeout=60))
    assert follower.connections > 1


@on_sqlite
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_stops_lets_go_of_all_streams_at_once(site: Site, number: signal.Signals) -> None:
    """It waits for open requests, and would for minutes; who is told of nothing else is told that the stream has ended."""
    service = site.serve(workers=0, grace=3600)
    job_id = site.submit("echo", {"text": "x"})

    async def follow() -> int:
        lines = [await asyncio.open_connection("127.0.0.1", site.port) for _ in range(50)]
        for _, writer in lines:
            writer.write(f"GET /jobs/{job_id}/events HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n\r\n".encode())
        for reader, _ in lines:
            await reader.readuntil(b'"status":"queued"')
        line = await connect(f"ws://127.0.0.1:{site.port}/jobs/{job_id}/events")
        await line.recv()
        service.signal(number)
        await line.wait_closed()
        assert line.close_code == 1012
        ends = [await reader.read() for reader, _ in lines]
        for _, writer in lines:
            writer.close()
            await writer.wait_closed()
        return [end.endswith(b"\r\n0\r\n\r\n") for end in ends].count(True)

    assert asyncio.run(follow()) == 50
    assert service.ended() == 0


@on_sqlite
def test_what_clients_leave_unread_does_not_hold_up_a_server_that_stops(site: Site) -> None:
    """Some are sent less than the buffers on the way hold, some more, and some so little more that the last send need not wait."""
    service = site.serve(grace=3600)
    job_id = site.submit("chatter", {"directory": str(site.directory), "lines": 120})
    site.runs(job_id, 1)

    async def leave_unread() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port, limit=2**20)
        writer.write(_asked(job_id, after=1))
        await reader.readuntil(b"119 xxx")
        clients = [_unread(site, job_id, after) for after in range(2, 110, 3)]
        await asyncio.gather(*(asyncio.to_thread(client.recv, 1) for client in clients))
        (site.directory / "go").touch()
        await reader.read()
        service.signal(signal.SIGTERM)
        assert await asyncio.to_thread(service.ended) == 0
        writer.close()
        for client in clients:
            client.close()

    asyncio.run(leave_unread())


def _asked(job_id: str, after: int) -> bytes:
    return f"GET /jobs/{job_id}/events?after={after} HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n\r\n".encode()


def _unread(site: Site, job_id: str, after: int) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", site.port))
    client.sendall(_asked(job_id, after))
    return client
