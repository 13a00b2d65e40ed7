"""One PostgreSQL for all tests of a run: the one that the environment names, or one of our own."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from coatcheck.testing.postgresql import Server

ADDRESS = "COATCHECK_TEST_POSTGRESQL"
"""Names the variable with the URL of a server whose user may create databases."""
TEMPLATE = "coatcheck_template"


@contextmanager
def shared_server(folder: Path) -> Iterator[str]:
    """The URL of a server that all who name the same `folder` share: the first starts it, and it ends after the last."""
    if url := os.environ.get(ADDRESS):
        yield url
        return
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        server = _found(folder / "server") or _made(folder / "server")
    try:
        yield server.url
    finally:
        server.let_go()


def _found(note: Path) -> Server | None:
    """The server that `note` speaks of, if it is still there."""
    if not note.exists():
        return None
    directory, port = note.read_text().splitlines()
    server = Server(Path(directory), port=int(port))
    return server if server.hold() else None


def _made(note: Path) -> Server:
    server = Server.create(Path(tempfile.gettempdir()))
    server.start()
    note.write_text(f"{server.directory}\n{server.port}")
    return server


@contextmanager
def database(url: str, name: str, *, template: str = "template1") -> Iterator[str]:
    """The URL of a new database; dropped at the end, whoever still uses it."""
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        try:
            yield url.rpartition("/")[0] + f"/{name}"
        finally:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def empty(connection: psycopg.Connection) -> None:
    """Delete all rows of a store, whose tables stay, and the tables beside it. The connection commits by itself."""
    statements = connection.execute(
        """SELECT format(CASE schemaname WHEN 'coatcheck' THEN 'DELETE FROM %I.%I' ELSE 'DROP TABLE %I.%I' END, schemaname, tablename)
        FROM pg_tables WHERE schemaname IN ('coatcheck', 'public') AND tablename <> 'migrations'"""
    )
    connection.execute(";".join(statement for (statement,) in statements).encode())


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
