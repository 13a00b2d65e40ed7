"""Copying the write-ahead log back into the file, now and then."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import apsw

from coatcheck.store.sqlite.connection import BUSY_TIMEOUT
from coatcheck.store.sqlite.migrate import checkpoint_lock

PAGES = 1_000
"""Pages in the log after which they are copied back."""
MANY_PAGES = 32_000
"""Pages after which readers are waited for, so that the log begins anew."""
_PATIENCE = 0.1
"""Seconds of that waiting."""


class Checkpoints:
    """Checkpoints of one writer's connection, made only by whoever holds the file's lock at that moment."""

    def __init__(self, file: Path, db: apsw.Connection) -> None:
        self._lock = checkpoint_lock(file)
        self._db = db
        self._pages = 0
        self._due = PAGES
        db.set_wal_hook(self._count)

    def run(self) -> None:
        """Copy back if there is enough to copy; to be called between transactions."""
        if self._pages < self._due:
            return
        with self._held() as held:
            if held:
                self._copy()

    def finish(self) -> None:
        """Copy back all that can be, before closing."""
        with suppress(apsw.Error, OSError), self._held() as held:
            if held:
                self._truncate()

    def _copy(self) -> None:
        pages, _ = self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        self._due = pages + PAGES  # while a reader keeps the log from beginning anew, not after every commit
        if pages >= MANY_PAGES:
            with suppress(apsw.BusyError):  # a reader is in the way; the next turn tries again
                self._truncate()

    def _truncate(self) -> None:
        self._db.set_busy_timeout(int(_PATIENCE * 1000))
        try:
            self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        finally:
            self._db.set_busy_timeout(int(BUSY_TIMEOUT * 1000))

    def _count(self, _db: apsw.Connection, _name: str, pages: int) -> int:
        if pages < self._pages:
            self._due = PAGES
        self._pages = pages
        return apsw.SQLITE_OK

    @contextmanager
    def _held(self) -> Iterator[bool]:
        with self._lock.open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
