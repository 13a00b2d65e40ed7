"""Blobs in chunks in the database: all who share the jobs share their files."""

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from coatcheck.blobs.contract import CHUNK, Blob, Label
from coatcheck.blobs.evenly import evenly
from coatcheck.blobs.key import is_key, new_key
from coatcheck.blobs.spool import TemporarySpool
from coatcheck.clock import Clock, SystemClock
from coatcheck.current import told_to_end
from coatcheck.errors import StoreUnavailable
from coatcheck.failpoints import failpoint
from coatcheck.settings import Settings
from coatcheck.store.postgres.address import Address
from coatcheck.store.postgres.blocking import BlockingConnection, BlockingPool
from coatcheck.store.postgres.columns import Texts
from coatcheck.store.postgres.failure import refusals_explained
from coatcheck.store.postgres.moment import Moments
from coatcheck.store.postgres.statement import statement
from coatcheck.store.rows import Row

_TOGETHER = 64
"""Chunks that one statement removes."""
_PAUSE = 0.25
"""Seconds between two tries to write while the server is away."""
_CLOCK = SystemClock()
_SLOW_SOURCE = "SET LOCAL idle_in_transaction_session_timeout = '60s'"


class PostgresBlobs:
    """`coatcheck.blobs.contract.Blobs` in the schema of the jobs.

    A blob is one transaction, so that whatever has a key is whole and a crash leaves nothing. It is sent and fetched chunk by
    chunk, and who downloads slowly holds no connection meanwhile. Where the server was away for a moment, whatever can be gone
    through again is written again. Connections are opened when they are first needed, and so in the process of a job, where
    that is who writes.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._address = Address.of(settings)
        self._moments = Moments(clock)
        self._patience = settings.lease
        self._pool = BlockingPool(self._address, settings.connections)

    def write(self, chunks: Iterable[bytes], label: Label | None = None) -> Blob:  # noqa: ARG002  it has no URL
        return self._write(chunks) if isinstance(chunks, Iterator) else self._outlasting(lambda: self._write(chunks))

    def take(self, path: Path, label: Label | None = None) -> Blob:  # noqa: ARG002
        return self._outlasting(lambda: self._write(_read(path)))

    def spool(self, label: Label | None = None) -> TemporarySpool:  # noqa: ARG002
        return TemporarySpool(lambda read: self._outlasting(lambda: self._write(read())), lambda: refusals_explained(self._address))

    def fetch(self, key: str, target: Path) -> None:
        size = self._size(key)
        with target.open("xb") as copy:
            while (start := copy.tell()) < size:
                copy.write(self._part(key, start, size))

    def path(self, key: str) -> Path | None:  # noqa: ARG002  whichever it is
        """None: it is in the database."""
        return None

    async def url(self, key: str, seconds: int, method: Literal["GET", "HEAD"] = "GET") -> None:
        """None: it is in the database."""

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        size = await asyncio.to_thread(self._size, key)
        end = size if end is None else min(end, size)
        while start < end:
            chunk = await asyncio.to_thread(self._part, key, start, end)
            yield chunk
            start += len(chunk)

    def delete(self, keys: Iterable[str]) -> None:
        if wanted := Texts([key for key in keys if is_key(key)]):
            while len(self._fetch("delete_chunks", keys=wanted, limit=_TOGETHER)) == _TOGETHER:
                pass
            self._fetch("delete", keys=wanted)  # last, so that whatever is left of a blob is found by `keys`

    def keys(self, *, older_than: float) -> list[str]:
        return [key for (key,) in self._fetch("keys", older_than=older_than, **self._moments.now())]

    def close(self) -> None:
        self._pool.close()

    def _outlasting(self, write: Callable[[], Blob]) -> Blob:
        """Try again while the server is away, for as long as a lease lasts: after that, another worker has the job.

        A run that is told to end waits no longer.
        """
        ends, pause = _CLOCK.monotonic() + self._patience, threading.Event()
        while True:
            try:
                return write()
            except StoreUnavailable:
                if _CLOCK.monotonic() > ends or told_to_end():
                    raise
            pause.wait(_PAUSE)

    def _write(self, chunks: Iterable[bytes]) -> Blob:
        key, size, digest = new_key(), 0, hashlib.sha256()
        with self._transaction() as db:
            for number, body in enumerate(evenly(chunks)):
                self._run(db, "add_chunk", key=key, number=number, body=body)
                size += len(body)
                digest.update(body)
            blob = Blob(key, size, digest.hexdigest())
            self._run(db, "add", key=key, size=size, digest=blob.digest, **self._moments.now())
            with refusals_explained(self._address):
                failpoint("blob.before_commit")
        return blob

    def _size(self, key: str) -> int:
        rows = self._fetch("size", key=key) if is_key(key) else []
        if not rows:
            raise FileNotFoundError(f"There is no blob {key[:40]!r}.")
        size: int = rows[0][0]
        return size

    def _part(self, key: str, start: int, end: int) -> bytes:
        """The bytes from `start` to `end`, or to the end of the chunk that `start` is in."""
        number, offset = divmod(start, CHUNK)
        rows = self._fetch("read", key=key, number=number, offset=offset, length=min(end - start, CHUNK - offset))
        part: bytes = rows[0][0] if rows else b""
        if not part:
            raise FileNotFoundError(f"The blob {key} was removed while it was read, or has lost some of its bytes.")
        return part

    @contextmanager
    def _transaction(self) -> Iterator[BlockingConnection]:
        with self._pool.connection() as db:
            self._pool.fetch_on(db, "BEGIN")
            self._pool.fetch_on(db, _SLOW_SOURCE)
            yield db
            self._pool.fetch_on(db, "COMMIT")

    def _run(self, db: BlockingConnection, name: str, **parameters: Any) -> None:
        self._pool.fetch_on(db, statement(f"blobs/{name}", self._address.schema), parameters)

    def _fetch(self, name: str, **parameters: Any) -> list[Row]:
        return self._pool.fetch(statement(f"blobs/{name}", self._address.schema), parameters)


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while chunk := source.read(CHUNK):
            yield chunk
