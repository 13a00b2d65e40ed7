"""Blobs as files of one directory on this host."""

import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Literal

from coatcheck.blobs.contract import CHUNK, Blob, Label, pour
from coatcheck.blobs.key import is_key, new_key
from coatcheck.clock import Clock
from coatcheck.errors import StoreUnavailable
from coatcheck.failpoints import failpoint

_PART = ".part"


class BlobDirectory:
    """`coatcheck.blobs.contract.Blobs` in a directory, which is made when it is first written to.

    A blob is written beside its place, synced, and renamed into it, so that whatever has a key is whole. What a crash
    left half-written is found by `keys` and removed by `delete`, like any other orphan.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock = path, clock

    def write(self, chunks: Iterable[bytes], label: Label | None = None) -> Blob:  # noqa: ARG002  a file has none
        return pour(chunks, self.spool())

    def take(self, path: Path, label: Label | None = None) -> Blob:
        with path.open("rb") as source:
            return self.write(iter(lambda: source.read(CHUNK), b""), label)

    def spool(self, label: Label | None = None) -> "_Part":  # noqa: ARG002  a file has none
        return _Part(self._path)

    def fetch(self, key: str, target: Path) -> None:
        place = self._find(key)
        if place is None:
            raise _unknown(key)
        with place.open("rb") as source, target.open("xb") as copy:
            shutil.copyfileobj(source, copy, CHUNK)

    def path(self, key: str) -> Path | None:
        place = self._find(key)
        return place if place is not None and place.is_file() else None

    async def url(self, key: str, seconds: int, method: Literal["GET", "HEAD"] = "GET") -> None:
        """None: a file of this host."""

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        place = self._find(key)
        if place is None:
            raise _unknown(key)
        with await asyncio.to_thread(place.open, "rb") as file:
            file.seek(start)
            left = os.fstat(file.fileno()).st_size - start if end is None else end - start
            while left > 0 and (chunk := await asyncio.to_thread(file.read, min(left, CHUNK))):
                yield chunk
                left -= len(chunk)

    def delete(self, keys: Iterable[str]) -> None:
        with _explained(self._path):
            for place in filter(None, map(self._find, keys)):
                place.unlink(missing_ok=True)
                place.with_suffix(_PART).unlink(missing_ok=True)

    def keys(self, *, older_than: float) -> list[str]:
        written_before = self._clock.now() - older_than
        with _explained(self._path):
            return sorted({file.stem for file in self._path.glob("??/*") if is_key(file.stem) and _written(file) <= written_before})

    def close(self) -> None:
        """There is nothing that a directory holds open."""

    def _find(self, key: str) -> Path | None:
        return _place(self._path, key) if is_key(key) else None


class _Part:
    """A blob beside its place, until it is whole."""

    def __init__(self, top: Path) -> None:
        self._top, self._key = top, new_key()
        self._place = _place(top, self._key)
        self._part = self._place.with_suffix(_PART)
        self._size, self._digest = 0, hashlib.sha256()
        with _explained(top):
            self._file = _create(self._part, top)

    def write(self, piece: bytes) -> None:
        with _explained(self._top):
            self._file.write(piece)
        self._size += len(piece)
        self._digest.update(piece)

    def finish(self) -> Blob:
        with _explained(self._top):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            failpoint("blob.before_commit")
            self._part.rename(self._place)
            _sync(self._part.parent)
        return Blob(self._key, self._size, self._digest.hexdigest())

    def discard(self) -> None:
        with suppress(OSError):
            self._part.unlink()
        with suppress(OSError):
            self._file.close()  # what it still holds, there may be no room for


@contextmanager
def _explained(top: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(f"The blob directory {top} cannot be used: {error}. Nothing was kept; try again.") from error


def _place(top: Path, key: str) -> Path:
    return top / key[:2] / key


def _unknown(key: str) -> FileNotFoundError:
    return FileNotFoundError(f"There is no blob {key[:40]!r}.")


def _create(file: Path, top: Path) -> IO[bytes]:
    """A new file, in folders that survive a power cut."""
    if not file.parent.is_dir():
        file.parent.mkdir(parents=True, exist_ok=True)
        for folder in (top, top.parent):
            _sync(folder)
    return file.open("xb")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _written(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:  # removed since it was listed
        return float("inf")
