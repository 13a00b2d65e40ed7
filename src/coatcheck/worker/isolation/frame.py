"""Messages on a stream: length and checksum, then JSON.

The stream leads from a process that runs a user's function, which may write anything into any descriptor it finds. What
is no frame is told from what is one, and no frame makes its reader allocate more than `LARGEST` bytes.
"""

import asyncio
import socket
import struct
import zlib
from collections.abc import Callable

LARGEST = 64 * 1024**2
"""Bytes of the longest message."""
_HEAD = struct.Struct("!II")


class BrokenFrame(Exception):
    """What came is no frame."""


def frame(message: bytes) -> bytes:
    """`message` as it goes over the stream. Raises ValueError where it is too long."""
    if len(message) > LARGEST:
        raise ValueError(f"A message of {len(message)} bytes is too long for a job's process to pass on; the limit is {LARGEST}.")
    return _HEAD.pack(len(message), zlib.crc32(message)) + message


async def read(stream: asyncio.StreamReader) -> bytes | None:
    """The next message; None at the end of the stream. Raises BrokenFrame."""
    try:
        length, checksum = _HEAD.unpack(await stream.readexactly(_HEAD.size))
        return _checked(await stream.readexactly(_possible(length)), checksum)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


def receive(connection: socket.socket) -> bytes | None:
    """Likewise, blocking."""
    head = _exactly(connection.recv, _HEAD.size)
    if head is None:
        return None
    length, checksum = _HEAD.unpack(head)
    message = _exactly(connection.recv, _possible(length))
    return None if message is None else _checked(message, checksum)


def _exactly(take: Callable[[int], bytes], length: int) -> bytes | None:
    taken = bytearray()
    while len(taken) < length:
        part = take(length - len(taken))
        if not part:
            return None
        taken += part
    return bytes(taken)


def _possible(length: int) -> int:
    if length > LARGEST:
        raise BrokenFrame(f"it announced a message of {length} bytes")
    return length


def _checked(message: bytes, checksum: int) -> bytes:
    if zlib.crc32(message) != checksum:
        raise BrokenFrame("a message did not match its checksum")
    return message
