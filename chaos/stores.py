"""The store that is stormed: a file, or a server of the storm's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import apsw
import psycopg

from coatcheck.testing.postgresql import private_server

KINDS = ("sqlite", "postgresql")
BUSY_TIMEOUT = 5_000
"""Milliseconds."""


class Stormed(Protocol):
    """What a storm needs to know of its store."""

    url: str

    def busy(self) -> set[int]:
        """Pids of the workers that hold jobs."""


class SQLiteFile:
    """A file that is there once somebody has opened it as a store."""

    def __init__(self, file: Path) -> None:
        self.url, self._file = f"sqlite:///{file}", file

    def busy(self) -> set[int]:
        """Pids of the workers that hold jobs."""
        db = apsw.Connection(str(self._file), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            db.set_busy_timeout(BUSY_TIMEOUT)
            return _pids(db.execute("SELECT DISTINCT worker FROM jobs WHERE status = 'running'"))
        finally:
            db.close()


class PostgreSQL:
    """A server's one database."""

    def __init__(self, url: str) -> None:
        self.url = url

    def busy(self) -> set[int]:
        """Pids of the workers that hold jobs."""
        with psycopg.connect(self.url) as db:
            return _pids(db.execute("SELECT DISTINCT worker FROM coatcheck.jobs WHERE status = 'running'"))


@contextmanager
def stormed(kind: str, directory: Path) -> Iterator[Stormed]:
    """An empty store of this kind; a server ends with the block."""
    if kind == "sqlite":
        yield SQLiteFile(directory / "jobs.db")
    else:
        with private_server(durable=False) as server:
            yield PostgreSQL(server.url)


def _pids(workers: Iterator[tuple[str]] | psycopg.Cursor[tuple[str]]) -> set[int]:
    return {int(worker.rsplit(":", 2)[1]) for (worker,) in workers}
