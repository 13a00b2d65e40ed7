"""Blobs as objects of a bucket: S3, and whatever speaks like it."""

import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import from_url

from coatcheck.blobs.contract import CHUNK, Blob, Label
from coatcheck.blobs.evenly import evenly
from coatcheck.blobs.key import is_key, new_key
from coatcheck.blobs.spool import TemporarySpool
from coatcheck.clock import Clock
from coatcheck.errors import StoreUnavailable
from coatcheck.failpoints import failpoint

PATIENCE = 15.0
"""Seconds for which a call is tried again."""
_TOGETHER = 1000
_PART = 4 * 1024 * 1024
"""Bytes that are asked for at a time: no request is open while a client takes its time."""
_AT_ONCE = 2
"""Parts of 5 MiB that are on their way at a time."""


class ObjectBlobs:
    """`coatcheck.blobs.contract.Blobs` below a URL such as `s3://bucket/prefix`.

    Where and as whom the bucket is reached is what the variables of the cloud say (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL`, …), or the role
    of the machine. An object is there once all of it is. What a crash left half-sent is the bucket's own to expire (a lifecycle rule for
    incomplete uploads).
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self._url, self._clock = url, clock
        self._store: Any = None

    def write(self, chunks: Iterable[bytes], label: Label | None = None) -> Blob:
        poured = _Poured(chunks)
        key = new_key()
        try:
            obstore.put(self._opened(), key, poured, attributes=_attributes(label), max_concurrency=_AT_ONCE)
        except (BaseError, OSError) as error:  # a bucket that is not there is told as an object that is not
            raise poured.broken or self._unavailable(error) from error
        return Blob(key, poured.size, poured.digest.hexdigest())

    def take(self, path: Path, label: Label | None = None) -> Blob:
        with path.open("rb") as source:
            return self.write(iter(lambda: source.read(CHUNK), b""), label)

    def spool(self, label: Label | None = None) -> TemporarySpool:
        return TemporarySpool(lambda read: self.write(read(), label), self._explained)

    def fetch(self, key: str, target: Path) -> None:
        with self._found(key):
            found = obstore.get(self._opened(), key)
            with target.open("xb") as copy:
                for chunk in found.stream(CHUNK):
                    copy.write(chunk)

    def path(self, key: str) -> Path | None:  # noqa: ARG002  whichever it is
        """None: it is in the bucket."""
        return None

    async def url(self, key: str, seconds: int, method: Literal["GET", "HEAD"] = "GET") -> str:
        with self._found(key):
            signed: str = await obstore.sign_async(self._opened(), method, key, timedelta(seconds=seconds))
        return signed

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        with self._found(key):
            size = (await obstore.head_async(self._opened(), key))["size"]
        end = size if end is None else min(end, size)
        while start < end:
            with self._found(key):
                part = bytes(await obstore.get_range_async(self._opened(), key, start=start, end=min(end, start + _PART)))
            for offset in range(0, len(part), CHUNK):
                yield part[offset : offset + CHUNK]
            start += len(part)

    def delete(self, keys: Iterable[str]) -> None:
        wanted = [key for key in keys if is_key(key)]
        for first in range(0, len(wanted), _TOGETHER):
            with self._explained(), suppress(NotFoundError):
                obstore.delete(self._opened(), wanted[first : first + _TOGETHER])

    def keys(self, *, older_than: float) -> list[str]:
        before = self._clock.now() - older_than
        with self._explained():
            objects = [found for some in obstore.list(self._opened()) for found in some]
        return sorted(found["path"] for found in objects if is_key(found["path"]) and found["last_modified"].timestamp() <= before)

    def close(self) -> None:
        """There is nothing that has to be let go of."""

    def _opened(self) -> Any:
        """The client, made in the process that needs it: its threads are not copied by a fork."""
        if self._store is None:
            self._store = from_url(self._url, retry_config={"retry_timeout": timedelta(seconds=PATIENCE)})
        return self._store

    @contextmanager
    def _found(self, key: str) -> Iterator[None]:
        if not is_key(key):
            raise FileNotFoundError(f"There is no blob {key[:40]!r}.")
        try:
            with self._explained():
                yield
        except NotFoundError:
            raise FileNotFoundError(f"There is no blob {key}.") from None

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, FileExistsError, NotFoundError):
            raise
        except (BaseError, OSError) as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> StoreUnavailable:
        reason = str(error).partition("\n")[0]
        return StoreUnavailable(f"The bucket {self._url} cannot be used: {reason}. Nothing was kept; try again.")


def _attributes(label: Label | None) -> dict[str, str]:
    """Header fields with which the bucket answers."""
    if label is None:
        return {}
    named = {"Content-Type": label.media_type, "Content-Disposition": label.disposition}
    return {name: value for name, value in named.items() if value is not None}


class _Poured:
    """Chunks on their way, counted."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.size, self.digest = 0, hashlib.sha256()
        self.broken: Exception | None = None

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._come():
            self.size += len(chunk)
            self.digest.update(chunk)
            yield chunk
        failpoint("blob.before_commit")

    def _come(self) -> Iterator[bytes]:
        try:
            yield from evenly(self._chunks)
        except Exception as error:
            self.broken = error
            raise
