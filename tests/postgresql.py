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
def shared_server(folder: Path, user: str) -> Iterator[str]:
    """The URL of a server that all who name the same `folder` share: the first starts it, the last to leave ends it."""
    if url := os.environ.get(ADDRESS):
        yield url
        return
    users = folder / "users"
    users.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        if not any(users.iterdir()):
            server = Server.create(Path(tempfile.gettempdir()))
            server.start()
            (folder / "server").write_text(f"{server.directory}\n{server.port}")
        (users / user).touch()
    directory, port = (folder / "server").read_text().splitlines()
    server = Server(Path(directory), port=int(port))
    try:
        yield server.url
    finally:
        with _alone(folder):
            (users / user).unlink()
            if not any(users.iterdir()):
                server.remove()


@contextmanager
def database(url: str, name: str, *, template: str = "template1") -> Iterator[str]:
    """The URL of a new database; dropped at the end, whoever still uses it."""
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        try:
            yield url.rpartition("/")[0] + f"/{name}"
        finally:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
