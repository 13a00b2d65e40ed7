"""A line to a server that a test can spoil: nothing gets through for a while, or one answer is lost."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_OUTSIDE_A_TRANSACTION = b"Z\x00\x00\x00\x05I"
"""How PostgreSQL says that what was asked is done, and committed."""


class Line:
    """A loopback port that leads to another one."""

    def __init__(self, to: int) -> None:
        self._to, self._lost_after = to, b""
        self.lost = 0
        """Answers that were lost on the way."""
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main(ready)), name="line")
        self._thread.start()
        ready.wait()

    def fall_silent(self) -> None:
        """From now on no packet arrives, on either side, and nobody is told."""
        self._loop.call_soon_threadsafe(self._carries.clear)

    def speak(self) -> None:
        """All goes through again; what was on the way arrives late."""
        self._loop.call_soon_threadsafe(self._carries.set)

    def lose_answer(self, after: bytes) -> None:
        """Cut the connection on which a client says `after`, once the server has committed that and before the client hears of it."""
        self._lost_after = after

    def close(self) -> None:
        """Cut all connections, and answer none any more."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    async def _main(self, ready: threading.Event) -> None:
        self._loop, self._carries, self._over = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        self._carries.set()
        self._connections: set[asyncio.Task[None]] = set()
        listening = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port: int = listening.sockets[0].getsockname()[1]
        ready.set()
        await self._over.wait()
        listening.close()
        for connection in self._connections:
            connection.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._join(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry bytes both ways until one side has ended."""
        ends = [writer]
        try:
            with suppress(OSError):
                from_server, to_server = await asyncio.open_connection("127.0.0.1", self._to)
                ends.append(to_server)
                doomed = asyncio.Event()
                ways = [
                    asyncio.create_task(way) for way in (self._ask(reader, to_server, doomed), self._answer(from_server, writer, doomed))
                ]
                try:
                    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for way in ways:
                        way.cancel()
        finally:
            for end in ends:
                end.transport.abort()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, doomed: asyncio.Event) -> None:
        with suppress(OSError):
            while said := await reader.read(1 << 16):
                await self._carries.wait()
                if self._lost_after and self._lost_after in said:
                    self._lost_after = b""
                    doomed.set()
                writer.write(said)
                await writer.drain()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, doomed: asyncio.Event) -> None:
        with suppress(OSError):
            while said := await reader.read(1 << 16):
                await self._carries.wait()
                if doomed.is_set() and _OUTSIDE_A_TRANSACTION in said:
                    self.lost += 1
                    return
                writer.write(said)
                await writer.drain()


@contextmanager
def line(to: int) -> Iterator[Line]:
    """A line to the loopback port `to`, closed at the end."""
    made = Line(to)
    try:
        yield made
    finally:
        made.close()
