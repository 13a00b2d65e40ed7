"""Connections that read, one for each thread that does.

A look at one job takes some twenty microseconds, which is less than a hop to another thread: reads run where they
are asked for.
"""

import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import apsw

from coatcheck.errors import StoreUnavailable
from coatcheck.store.sqlite.connection import connect_reader
from coatcheck.store.sqlite.failure import refusals_explained
from coatcheck.store.sqlite.identity import Identity

T = TypeVar("T")


class Readers:
    """The reading connections of one store; a thread's own goes with the thread."""

    def __init__(self, identity: Identity, durability: str) -> None:
        self._identity, self._durability = identity, durability
        self._own = threading.local()
        self._all: weakref.WeakSet[apsw.Connection] = weakref.WeakSet()
        self._changing = threading.Lock()
        self._closed = False

    def read(self, look: Callable[[apsw.Connection], T]) -> T:
        """What `look` returns, given the calling thread's connection. Raises StoreUnavailable."""
        if self._closed:
            raise StoreUnavailable(f"The job store {self._identity.file} is closed.")
        with refusals_explained(self._identity.file):
            return look(self._connection())

    def close(self) -> None:
        """Let go of the file, for every thread. Idempotent."""
        with self._changing:
            self._closed = True
            connections = list(self._all)
        for db in connections:
            with suppress(apsw.ThreadingViolationError):  # in use at this moment: it goes with its thread
                db.close()

    def _connection(self) -> apsw.Connection:
        db: apsw.Connection | None = getattr(self._own, "db", None)
        if db is None:
            db = self._own.db = connect_reader(self._identity, self._durability)
            with self._changing:
                self._all.add(db)
        return db
