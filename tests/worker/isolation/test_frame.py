"""Messages on a stream into which anybody may have written anything."""

import asyncio
import socket
import struct
import zlib
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from coatcheck.worker.isolation import frame
from coatcheck.worker.isolation.frame import LARGEST, BrokenFrame

HEAD = struct.Struct("!II")
Found = bytes | BrokenFrame | None


def read(stream: bytes) -> list[Found]:
    """All that an asynchronous reader and a blocking one make of the stream; they agree."""

    async def each() -> list[Found]:
        reader = asyncio.StreamReader()
        reader.feed_data(stream)
        reader.feed_eof()
        return await _collected(lambda: frame.read(reader))

    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.sendall(stream)
        blocking = asyncio.run(_collected(lambda: asyncio.to_thread(frame.receive, ours)))
    found = asyncio.run(each())
    assert [str(item) for item in found] == [str(item) for item in blocking]
    return found


async def _collected(take: Callable[[], Awaitable[bytes | None]]) -> list[Found]:
    found: list[Found] = []
    while not found or isinstance(found[-1], bytes):
        try:
            found.append(await take())
        except BrokenFrame as error:
            found.append(error)
    return found


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_what_goes_in_comes_out(messages: list[bytes]) -> None:
    assert read(b"".join(map(frame.frame, messages))) == [*messages, None]


@given(st.binary(max_size=300))
@example(b"")
@example(HEAD.pack(LARGEST + 1, 0))
@example(HEAD.pack(2**32 - 1, 0) + b"x" * 100)
def test_whatever_comes_is_a_message_the_end_or_broken(stream: bytes) -> None:
    """Nothing else is raised, and what is taken for a message has matched its checksum."""
    *messages, last = read(stream)
    assert last is None or isinstance(last, BrokenFrame)
    assert b"".join(frame.frame(message) for message in messages if isinstance(message, bytes)) == stream[: _length(messages)]


@given(st.binary(min_size=1, max_size=100), st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_message_in_which_a_byte_was_changed_is_told(message: bytes, place: int, change: int) -> None:
    stream = bytearray(frame.frame(message))
    stream[4 + place % (len(stream) - 4)] ^= change
    [broken] = read(bytes(stream))
    assert isinstance(broken, BrokenFrame)


@given(st.binary(min_size=1, max_size=100), st.data())
def test_a_message_that_ends_too_early_is_the_end(message: bytes, data: DataObject) -> None:
    whole = frame.frame(message)
    cut = data.draw(st.integers(min_value=0, max_value=len(whole) - 1))
    assert read(whole[:cut]) == [None]


def test_no_more_is_asked_for_than_a_message_may_have() -> None:
    """So no announcement makes its reader allocate more."""
    asked = []

    class Connection:
        def recv(self, length: int) -> bytes:
            asked.append(length)
            return HEAD.pack(2**32 - 1, 0)[:length]

    with pytest.raises(BrokenFrame, match="announced a message of 4294967295 bytes"):
        frame.receive(Connection())  # type: ignore[arg-type]
    assert asked == [HEAD.size]


def test_a_message_over_the_limit_is_not_sent() -> None:
    with pytest.raises(ValueError, match="too long"):
        frame.frame(bytes(LARGEST + 1))


def test_a_message_of_that_length_is() -> None:
    message = bytes(LARGEST)
    assert HEAD.unpack(frame.frame(message)[: HEAD.size]) == (LARGEST, zlib.crc32(message))


def _length(messages: list[Found]) -> int:
    return sum(HEAD.size + len(message) for message in messages if isinstance(message, bytes))
