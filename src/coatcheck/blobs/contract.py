"""What a store of blobs can do.

Methods that are no coroutines block: they are called in threads, by any number at once.
"""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Literal, Protocol

import msgspec

CHUNK = 256 * 1024
"""Bytes that are read at a time."""


class Blob(msgspec.Struct, frozen=True):
    """A blob that was written and is durable."""

    key: str
    size: int
    digest: str
    """SHA-256 of the bytes, hexadecimal."""


class Label(msgspec.Struct, frozen=True):
    """What a blob is called towards whoever downloads it, as header fields have it."""

    media_type: str
    disposition: str | None = None
    """Content-Disposition (RFC 6266)."""


class Spool(Protocol):
    """A blob that is being written piece by piece, however long its source takes. One thread at a time, any of them."""

    def write(self, piece: bytes) -> None:
        """Add to it. Raises StoreUnavailable."""

    def finish(self) -> Blob:
        """Make it durable, and only then give a key. Raises StoreUnavailable."""

    def discard(self) -> None:
        """Leave nothing behind of what was not finished. Idempotent."""


class Blobs(Protocol):
    """A durable collection of immutable byte strings, each under a key of its own.

    The `label` of one is kept where the blob has a URL.
    """

    def write(self, chunks: Iterable[bytes], label: Label | None = None) -> Blob:
        """Write, make durable, and only then give a key.

        What can be gone through again, as an iterator cannot, may be: where the store was away for a moment.
        Raises StoreUnavailable when there is no room or no permission; nothing is left behind then.
        """

    def take(self, path: Path, label: Label | None = None) -> Blob:
        """`write` the file at `path`, which stays where it is."""

    def spool(self, label: Label | None = None) -> Spool:
        """A blob to be written as its bytes come; meanwhile it holds a file open, and no connection. Raises StoreUnavailable."""

    def fetch(self, key: str, target: Path) -> None:
        """Copy the blob into the new file `target`. Raises FileNotFoundError where there is no such blob, FileExistsError."""

    def path(self, key: str) -> Path | None:
        """The blob as a file of this host, where it is one; None where it is not, or is not there."""

    async def url(self, key: str, seconds: int, method: Literal["GET", "HEAD"] = "GET") -> str | None:
        """Where whoever knows it can download the blob for so long, by a request of that method; None where blobs have no such place.

        Whether there is such a blob is not looked up. Raises FileNotFoundError for a key that is none, StoreUnavailable.
        """

    def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` up to `end`, in chunks of up to `CHUNK`. Raises FileNotFoundError."""

    def delete(self, keys: Iterable[str]) -> None:
        """Remove blobs; one that is not there is not missed."""

    def keys(self, *, older_than: float) -> list[str]:
        """Keys written at least that many seconds ago, in order; for the sweep of orphans."""

    def close(self) -> None:
        """Let go of what is held open, once who uses it is through. Idempotent; whoever comes later opens it anew."""


def pour(chunks: Iterable[bytes], spool: Spool) -> Blob:
    """Write everything; nothing is left behind where `chunks` breaks off."""
    try:
        for chunk in chunks:
            spool.write(chunk)
        return spool.finish()
    except BaseException:
        spool.discard()
        raise
