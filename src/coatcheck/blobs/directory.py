"""Blobs as files of one directory on this host."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from coatcheck.blobs.contract import CHUNK, Blob
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

    def write(self, chunks: Iterable[bytes]) -> Blob:
        key = new_key()
        part = self._place(key).with_suffix(_PART)
        try:
            with self._explained():
                file = _create(part, self._path)
            with file:
                size, digest = self._pour(chunks, file)
            with self._explained():
                failpoint("blob.before_commit")
                part.rename(self._place(key))
                _sync(part.parent)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise
        return Blob(key, size, digest)

    def take(self, path: Path) -> Blob:
        with path.open("rb") as source:
            return self.write(iter(lambda: source.read(CHUNK), b""))

    def path(self, key: str) -> Path | None:
        place = self._find(key)
        return place if place is not None and place.is_file() else None

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        place = self._find(key)
        if place is None:
            raise FileNotFoundError(f"There is no blob {key[:40]!r}.")
        with await asyncio.to_thread(place.open, "rb") as file:
            file.seek(start)
            left = os.fstat(file.fileno()).st_size - start if end is None else end - start
            while left > 0 and (chunk := await asyncio.to_thread(file.read, min(left, CHUNK))):
                yield chunk
                left -= len(chunk)

    def delete(self, keys: Iterable[str]) -> None:
        with self._explained():
            for place in filter(None, map(self._find, keys)):
                place.unlink(missing_ok=True)
                place.with_suffix(_PART).unlink(missing_ok=True)

    def keys(self, *, older_than: float) -> list[str]:
        written_before = self._clock.now() - older_than
        with self._explained():
            return sorted({file.stem for file in self._path.glob("??/*") if is_key(file.stem) and _written(file) <= written_before})

    def close(self) -> None:
        """There is nothing that a directory holds open."""

    def _pour(self, chunks: Iterable[bytes], file: IO[bytes]) -> tuple[int, str]:
        size, digest = 0, hashlib.sha256()
        for chunk in chunks:
            with self._explained():
                file.write(chunk)
            size += len(chunk)
            digest.update(chunk)
        with self._explained():
            file.flush()
            os.fsync(file.fileno())
        return size, digest.hexdigest()

    def _find(self, key: str) -> Path | None:
        return self._place(key) if is_key(key) else None

    def _place(self, key: str) -> Path:
        return self._path / key[:2] / key

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreUnavailable(f"The blob directory {self._path} cannot be used: {error}. Nothing was kept; try again.") from error


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
