"""Clients of an event stream: some read and come back whenever they are cut off, some ask and never read."""

import asyncio
import random
import socket
from contextlib import suppress

from coatcheck.clock import SystemClock

_AT_ONCE = 100
"""Clients that connect at the same time."""
_SMALL = 4096
"""Bytes of what comes that the kernel keeps for who does not read."""


class Reader:
    """Reads to the end, over as many connections as it takes; one in so many events, it hangs up by itself."""

    def __init__(self, port: int, path: str, *, hangs_up: float, chance: random.Random) -> None:
        self._port, self._path, self._hangs_up, self._chance = port, path, hangs_up, chance
        self.ids: list[int] = []
        """Numbers of the events, as they came."""
        self.connections = 0
        self.ended = False
        """Whether it was told not to come back."""
        self.connected = asyncio.Event()
        self.ends: asyncio.Event = asyncio.Event()
        """Set when a connection ends that it did not end itself."""

    async def read(self) -> None:
        """Come back until told not to."""
        while not self.ended:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._connect()

    async def _connect(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=2**20)
        try:
            writer.write(_request(self._path, self.ids[-1] if self.ids else None))
            head = await reader.readuntil(b"\r\n\r\n")
            self.ended = b" 204 " in head.partition(b"\r\n")[0]
            if b" 200 " in head.partition(b"\r\n")[0]:
                self.connections += 1
                await self._take(reader)
        finally:
            writer.transport.abort()

    async def _take(self, lines: asyncio.StreamReader) -> None:
        number = 0
        async for line in lines:
            if line.startswith(b"id: "):
                number = int(line[4:])
            elif line == b"\n" and number:
                self.ids.append(number)
                number = 0
                self.connected.set()
                if self._chance.random() < self._hangs_up:
                    return
        self.ends.set()


async def silent(count: int, port: int, path: str) -> list[socket.socket]:
    """So many connections that have asked for a stream and do not read it."""
    loop = asyncio.get_running_loop()

    async def ask() -> socket.socket:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
        client.settimeout(0)
        await loop.sock_connect(client, ("127.0.0.1", port))
        await loop.sock_sendall(client, _request(path, None))
        return client

    asked: list[socket.socket] = []
    while len(asked) < count:
        asked += await asyncio.gather(*(ask() for _ in range(min(_AT_ONCE, count - len(asked)))))
    return asked


async def reading(readers: list[Reader]) -> list[asyncio.Task[None]]:
    """Have them read; return once each has been told something."""
    tasks = []
    for start in range(0, len(readers), _AT_ONCE):
        some = readers[start : start + _AT_ONCE]
        tasks += [asyncio.create_task(reader.read()) for reader in some]
        await asyncio.gather(*(reader.connected.wait() for reader in some))
    return tasks


class Looks:
    """Looks at a job's status, one after the other, and how long each took."""

    def __init__(self, port: int, path: str) -> None:
        self._port, self._path = port, path
        self.seconds: list[float] = []
        self.failed = 0

    async def look(self) -> None:
        """Ten times a second, until cancelled."""
        clock = SystemClock()
        while True:
            began = clock.monotonic()
            if await self._status() == 200:
                self.seconds.append(clock.monotonic() - began)
            else:
                self.failed += 1
            await clock.sleep(max(0.0, 0.1 - (clock.monotonic() - began)))

    async def _status(self) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(f"GET {self._path} HTTP/1.1\r\nHost: chaos\r\nConnection: close\r\n\r\n".encode())
            answer = await reader.read()
        finally:
            writer.transport.abort()
        return int(answer.split(b" ", 2)[1])

    @property
    def p99(self) -> float:
        """Seconds within which 99 of 100 were answered."""
        return sorted(self.seconds)[int(0.99 * len(self.seconds))] if self.seconds else 0.0


def _request(path: str, last: int | None) -> bytes:
    again = "" if last is None else f"Last-Event-ID: {last}\r\n"
    return f"GET {path} HTTP/1.1\r\nHost: chaos\r\nAccept: text/event-stream\r\n{again}\r\n".encode()
