"""Many values as one parameter: an array of a type that does not depend on what is in it.

Left to itself, the driver names a type by the values it finds, so that a batch without an error, or with small numbers only,
would be another statement to the server, to be planned anew.
"""

import struct
from collections.abc import Callable
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

    def dump(self, obj: list[Any]) -> bytes:
        pack = type(self).pack
        parts = [_HEAD.pack(1, 1, self.element, len(obj), 1)]
        for value in obj:
            if value is None:
                parts.append(_NULL)
            else:
                data = pack(value)
                parts += (_LENGTH.pack(len(data)), data)
        return b"".join(parts)


def _dumper(element: int, array: int, pack: Callable[[Any], bytes]) -> type[Dumper]:
    return type("ArrayDumper", (_ArrayDumper,), {"element": element, "oid": array, "pack": staticmethod(pack)})


def _text(value: str) -> bytes:
    data = value.encode()
    if b"\0" in data:
        raise ValueError("PostgreSQL keeps no text with a NUL character in it.")
    return data


_DUMPERS = {
    Texts: _dumper(25, 1009, _text),
    Blobs: _dumper(17, 1001, bytes),
    Floats: _dumper(701, 1022, struct.Struct("!d").pack),
    Integers: _dumper(20, 1016, struct.Struct("!q").pack),
    Booleans: _dumper(16, 1000, struct.Struct("!?").pack),
}
"""By the numbers that the server's catalogue has for the types and their arrays."""
