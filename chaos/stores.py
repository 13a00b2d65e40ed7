"""The store that is stormed: a file, or a server of the storm's own."""

from collections.abc import Iterable, Iterator
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

    def held(self) -> dict[str, int]:
        """The jobs that run, each with the pid of the worker that holds it."""


class SQLiteFile:
    """A file that is there once somebody has opened it as a store."""

    def __init__(self, file: Path) -> None:
        self.url, self._file = f"sqlite:///{file}", file

    def held(self) -> dict[str, int]:
        """The jobs that run, each with the pid of the worker that holds it."""
        db = apsw.Connection(str(self._file), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            db.set_busy_timeout(BUSY_TIMEOUT)
            return _held(db.execute("SELECT id, worker FROM jobs WHERE status = 'running'"))
        finally:
            db.close()


class PostgreSQL:
    """A server's one database."""

    def __init__(self, url: str) -> None:
        self.url = url

    def held(self) -> dict[str, int]:
        """The jobs that run, each with the pid of the worker that holds it."""
        with psycopg.connect(self.url) as db:
            return _held(db.execute("SELECT id, worker FROM coatcheck.jobs WHERE status = 'running'"))


@contextmanager
def stormed(kind: str, directory: Path) -> Iterator[Stormed]:
    """An empty store of this kind; a server ends with the block."""
    if kind == "sqlite":
        yield SQLiteFile(directory / "jobs.db")
    else:
        with private_server(durable=False) as server:
            yield PostgreSQL(server.url)


def _held(jobs: Iterable[tuple[str, str]]) -> dict[str, int]:
    return {job_id: int(worker.rsplit(":", 2)[1]) for job_id, worker in jobs}
