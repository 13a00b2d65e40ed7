"""Many values as one parameter: an array of a type that does not depend on what is in it.

Left to itself, the driver names a type by the values it finds, so that a batch without an error, or with small numbers only,
would be another statement to the server, to be planned anew.
"""

import struct
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper
from psycopg.pq import Format

_HEAD = struct.Struct("!iiIii")
_LENGTH = struct.Struct("!i")
_NULL = _LENGTH.pack(-1)


class Texts(list[str | None]):
    """`text[]`."""


class Blobs(list[bytes | None]):
    """`bytea[]`."""


class Floats(list[float | None]):
    """`double precision[]`."""


class Integers(list[int | None]):
    """`bigint[]`."""


class Booleans(list[bool]):
    """`boolean[]`."""


def register(context: AdaptContext) -> None:
    """Teach a connection these types."""
    for kind, dumper in _DUMPERS.items():
        context.adapters.register_dumper(kind, dumper)


class _ArrayDumper(Dumper):
    format = Format.BINARY
    element: ClassVar[int]
    pack: ClassVar[Callable[[Any], bytes]]
    """An element with its length before it."""

    def dump(self, obj: list[Any]) -> bytes:
        pack = type(self).pack
        packed = {value: _NULL if value is None else pack(value) for value in set(obj)}  # most have the same value in many places
        return _HEAD.pack(1, 1, self.element, len(obj), 1) + b"".join(map(packed.__getitem__, obj))


def _dumper(element: int, array: int, pack: Callable[[Any], bytes]) -> type[Dumper]:
    return type("ArrayDumper", (_ArrayDumper,), {"element": element, "oid": array, "pack": staticmethod(pack)})


def _fixed(kind: str) -> Callable[[Any], bytes]:
    length = struct.calcsize(f"!{kind}")
    return partial(struct.Struct(f"!i{kind}").pack, length)


def _text(value: str) -> bytes:
    if "\0" in value:
        raise ValueError("PostgreSQL keeps no text with a NUL character in it.")
    return _bytes(value.encode())


def _bytes(value: bytes) -> bytes:
    return _LENGTH.pack(len(value)) + value


_DUMPERS = {
    Texts: _dumper(25, 1009, _text),
    Blobs: _dumper(17, 1001, _bytes),
    Floats: _dumper(701, 1022, _fixed("d")),
    Integers: _dumper(20, 1016, _fixed("q")),
    Booleans: _dumper(16, 1000, _fixed("?")),
}
"""By the numbers that the server's catalogue has for the types and their arrays."""
