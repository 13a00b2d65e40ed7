"""What a store of blobs can do."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Protocol

import msgspec


class Blob(msgspec.Struct, frozen=True):
    """A blob that was written and is durable."""

    key: str
    size: int
    digest: str
    """SHA-256 of the bytes, hexadecimal."""


class Blobs(Protocol):
    """A durable collection of immutable byte strings, each under a key of its own."""

    def write(self, chunks: Iterable[bytes]) -> Blob:
        """Write, make durable, and only then give a key. Blocking: called in a worker's thread.

        Raises StoreUnavailable when there is no room or no permission; nothing is left behind then.
        """

    def take(self, path: Path) -> Blob:
        """`write` the file at `path`, which stays where it is."""

    def path(self, key: str) -> Path | None:
        """The blob as a file of this host, where it is one."""

    def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` up to `end`, in chunks. Raises FileNotFoundError."""

    def delete(self, keys: Iterable[str]) -> None:
        """Remove blobs; one that is not there is not missed. Blocking."""

    def keys(self, *, older_than: float) -> list[str]:
        """Keys written at least that many seconds ago. Blocking; for the sweep of orphans."""
