"""Receivers of webhooks: HTTP servers on loopback that do what a test has them do."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

PATIENCE = 60.0
"""Seconds after which a wait for a request is given up."""


@dataclass(frozen=True)
class Request:
    """What came."""

    method: str
    target: str
    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


Answer = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]
"""Writes what is to be answered; the connection is kept unless it closes it, or raises."""


@dataclass
class Receiver:
    """One receiver, and what it got."""

    port: int = 0
    scheme: str = "http"
    host: str = "127.0.0.1"
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    most_at_once: int = 0
    answer: Answer = field(default_factory=lambda: answering(204))
    _busy: int = 0
    _came: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}/hook"

    async def got(self, count: int = 1) -> list[Request]:
        """What it got, once that is so much. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE), self._came:
            await self._came.wait_for(lambda: len(self.requests) >= count)
        return self.requests

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while (request := await _read(reader)) is not None:
                async with self._came:
                    self.requests.append(request)
                    self._came.notify_all()
                self._busy += 1
                self.most_at_once = max(self.most_at_once, self._busy)
                try:
                    await self.answer(request, writer)
                    await writer.drain()
                finally:
                    self._busy -= 1
        except (OSError, asyncio.IncompleteReadError):
            pass  # they went away
        finally:
            with suppress(OSError):
                writer.close()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    method, target, _ = first.split(" ")
    return Request(method, target, headers, await reader.readexactly(int(headers["content-length"])))


def answering(status: int, body: bytes = b"", **headers: str) -> Answer:
    """Answers each request so; a header's underscores are hyphens."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in {**headers, "content-length": str(len(body))}.items()]
    message = "\r\n".join([f"HTTP/1.1 {status} Whatever", *lines, "", ""]).encode() + body

    async def answer(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(message)

    return answer


def in_turn(*answers: Answer) -> Answer:
    """Gives one answer after the other, the last one for good."""
    left = list(answers)

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(request, writer)

    return answer


async def hang(_: Request, writer: asyncio.StreamWriter) -> None:
    """Never answers, until the other side goes."""
    await writer.wait_closed()


async def reset(_: Request, writer: asyncio.StreamWriter) -> None:
    """Breaks the connection off."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    raise ConnectionResetError


@asynccontextmanager
async def receiving(answer: Answer | None = None, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """A receiver while the block runs."""
    receiver = Receiver(scheme="https" if tls else "http")
    if answer is not None:
        receiver.answer = answer
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(receiver.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
