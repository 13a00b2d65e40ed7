"""The guard at the socket: every connection of ours is opened here, to an address that was checked."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

import httpcore2

from coatcheck.errors import DestinationNotAllowed
from coatcheck.push.networks import Networks
from coatcheck.push.resolve import resolve

MAX_ANSWER = 192 * 1024
"""Bytes of one answer, header fields and all, after which its connection is closed."""
ATTEMPT = 5.0
"""Seconds given to one address of several before the next one is tried."""
MAX_ATTEMPTS = 3
"""Addresses of a name that are tried."""

Resolve = Callable[[str], Awaitable[tuple[str, ...]]]


class GuardedNetwork(httpcore2.AsyncNetworkBackend):
    """Opens connections to public addresses, and to those of the networks that were allowed.

    A name is looked up once. If any of its addresses is refused, the name is; otherwise one of those very addresses is dialled,
    and the connection is closed again unless it leads there. Certificate and Host field stay those of the name.
    """

    def __init__(self, networks: Networks, *, resolve: Resolve = resolve, network: httpcore2.AsyncNetworkBackend | None = None) -> None:
        self._networks, self._resolve = networks, resolve
        self._network = network or httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to the host. Raises DestinationNotAllowed; OSError or httpcore2.ConnectError for one that is not there."""
        addresses = await self._addresses(host)
        *others, last = addresses[:MAX_ATTEMPTS]
        for address in others:
            with suppress(httpcore2.ConnectError, httpcore2.ConnectTimeout, TimeoutError):
                async with asyncio.timeout(ATTEMPT):
                    return await self._dial(address, port, timeout, local_address, socket_options)
        return await self._dial(last, port, timeout, local_address, socket_options)

    async def _addresses(self, host: str) -> tuple[str, ...]:
        """Where the host can be reached, an address's being itself; all of it allowed."""
        addresses = (host,) if _is_address(host) else await self._resolve(host)
        if not addresses or not all(map(self._networks.admit, addresses)):
            raise DestinationNotAllowed
        return addresses

    async def _dial(self, address: str, port: int, *how: Any) -> httpcore2.AsyncNetworkStream:
        stream = await self._network.connect_tcp(address, port, *how)
        peer = stream.get_extra_info("server_addr")
        if peer is None or not _same(peer[0], address):
            await stream.aclose()
            raise DestinationNotAllowed
        return _Bounded(stream)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _same(peer: str, address: str) -> bool:
    return ip_address(peer) == ip_address(address)


class _Bounded(httpcore2.AsyncNetworkStream):
    """A connection on which an answer has an end: so many bytes since we last wrote, and no more."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream
        self._left = MAX_ANSWER

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._left <= 0:
            raise httpcore2.ReadError("the answer is too long")
        chunk = await self._stream.read(max_bytes, timeout)
        self._left -= len(chunk)
        return chunk

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._left = MAX_ANSWER
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        return _Bounded(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
