"""Where the jobs of a measurement are kept: SQLite files, or databases of a PostgreSQL server of one's own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from urllib.parse import urlsplit

import psycopg

from coatcheck.testing.postgresql import private_server


@dataclass(frozen=True)
class Databases:
    """`kind` is sqlite or postgresql; `new(name)` makes an empty database and gives its URL."""

    kind: str
    new: Callable[[str], str]


@contextmanager
def databases(kind: str) -> Iterator[Databases]:
    """Databases of this kind, gone after the block. PostgreSQL syncs each commit, as a real one does."""
    if kind == "sqlite":
        with TemporaryDirectory(prefix="coatcheck-benchmark-") as directory:
            yield Databases(kind, lambda name: f"sqlite:///{Path(directory) / name}.db")
    else:
        with private_server(durable=True) as server:
            yield Databases(kind, lambda name: _create(server.url, name))


def bare(url: str) -> ModuleType:
    """The bound for the kind of database that `url` names."""
    return import_module(f"benchmarks.applications.bare_{urlsplit(url).scheme}")


def _create(server: str, name: str) -> str:
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"'.encode())
    return f"{server.rpartition('/')[0]}/{name}"
