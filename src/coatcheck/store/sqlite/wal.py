"""Copying the write-ahead log back into the file, now and then."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import apsw

from coatcheck.store.sqlite.connection import BUSY_TIMEOUT
from coatcheck.store.sqlite.identity import Identity, size, write_ahead_log
from coatcheck.store.sqlite.migrate import checkpoint_lock
from coatcheck.telemetry import Telemetry

PAGES = 1_000
"""Pages in the log after which they are copied back."""
MANY_PAGES = 32_000
"""Pages after which readers are waited for, so that the log begins anew."""
MANY_BYTES = MANY_PAGES * 4096 * 5 // 4
"""Length of a log that only a reader can have kept from beginning anew."""
_PATIENCE = 0.1
"""Seconds of that waiting."""


class Checkpoints:
    """Checkpoints of one writer's connection, made only by whoever holds the file's lock at that moment.

    None once the file was replaced or cut short: its log may be another file's by then, and jobs may be left in it alone.
    """

    def __init__(self, identity: Identity, db: apsw.Connection, telemetry: Telemetry) -> None:
        self._identity, self._db, self._telemetry = identity, db, telemetry
        self._lock = checkpoint_lock(identity.file)
        self._pages = 0
        self._due = PAGES
        self._told = 0
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
            try:
                self._truncate()
            except apsw.BusyError:  # a reader is in the way; the next turn tries again
                self._tell(pages)

    def _tell(self, pages: int) -> None:
        """Say that the log grows, each time it has doubled."""
        if pages >= 2 * self._told:
            self._told = pages
            self._telemetry.emit("store.log_kept", file=self._identity.file, bytes=size(write_ahead_log(self._identity.file)))

    def _truncate(self) -> None:
        self._db.set_busy_timeout(int(_PATIENCE * 1000))
        try:
            self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        finally:
            self._db.set_busy_timeout(int(BUSY_TIMEOUT * 1000))

    def _count(self, _db: apsw.Connection, _name: str, pages: int) -> int:
        if pages < self._pages:  # it began anew
            self._due, self._told = PAGES, 0
        self._pages = pages
        return apsw.SQLITE_OK

    @contextmanager
    def _held(self) -> Iterator[bool]:
        with self._lock.open("ab") as lock:
            try:
                self._identity.check_whole(self._db)
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:  # another process holds it, or there is nothing to copy to
                yield False
            else:
                yield True
