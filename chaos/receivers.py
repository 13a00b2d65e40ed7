"""Receivers of webhooks of which few behave: they fail, hang, break off and drip, at random, and note all they get."""

import asyncio
import hashlib
import random
import socket
import struct
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import NamedTuple, Self

from coatcheck.client.webhooks import Unverified, verify

MANNERS = {"well": 55, "failing": 20, "hanging": 10, "breaking": 10, "dripping": 5}
"""Manner → how many of a hundred requests are met with it."""


class Seen(NamedTuple):
    """One request, as its receiver saw it."""

    id: str
    body: str
    """Digest."""
    genuine: bool
    """Whether it was signed with the receiver's secret."""
    manner: str
    """How it was answered."""


class Receivers:
    """So many receivers, on loopback, each with a URL and, once it is known, a secret."""

    def __init__(self, count: int, seed: int) -> None:
        self.count, self.secrets = count, dict[int, str]()
        self.urls: list[str] = []
        self.seen: list[Seen] = []
        self._random, self._life = random.Random(seed), AsyncExitStack()
        self._open: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        for number in range(self.count):
            server = await asyncio.start_server(partial(self._connected, number), "127.0.0.1", 0)
            self._life.callback(server.close)
            self.urls.append(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook")
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self._life.aclose()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def _connected(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(number, reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                headers, body = await _read(reader)
                manner = self._random.choices(list(MANNERS), list(MANNERS.values()))[0]
                genuine = self._genuine(number, headers, body)
                self.seen.append(Seen(headers["webhook-id"], hashlib.sha256(body).hexdigest(), genuine, manner))
                await _answer(manner, writer)
        writer.close()

    def _genuine(self, number: int, headers: dict[str, str], body: bytes) -> bool:
        try:
            verify(body, headers, self.secrets[number])
        except Unverified:
            return False
        return True


async def _read(reader: asyncio.StreamReader) -> tuple[dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:-2])}
    return headers, await reader.readexactly(int(headers["content-length"]))


async def _answer(manner: str, writer: asyncio.StreamWriter) -> None:
    """Answer in this manner; raises OSError where that ends the connection."""
    match manner:
        case "well":
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        case "failing":
            writer.write(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")
        case "hanging":
            await writer.wait_closed()
        case "breaking":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            raise ConnectionResetError
        case _:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n.")
            await writer.wait_closed()
    await writer.drain()
