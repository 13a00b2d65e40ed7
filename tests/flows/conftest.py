"""Each flow in every host framework, and in one of them on both kinds of store: of the other, neither can tell which it is."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from coatcheck.app import Coatcheck
from tests.hosts.serving import HOSTS, hosted
from tests.postgresql import database

Serve = Callable[[Callable[[str], Coatcheck]], AbstractContextManager[httpx2.Client]]


HERE = Path(__file__).parent
HOST = "fastapi"
"""In which they run on PostgreSQL, too."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the other hosts on PostgreSQL out, unless `FLOWS_EVERYWHERE` is set."""
    if "FLOWS_EVERYWHERE" in os.environ:
        return
    items[:] = [item for item in items if not (isinstance(item, pytest.Function) and item.path.parent == HERE and _is_left_out(item))]


def _is_left_out(item: pytest.Function) -> bool:
    given = item.callspec.params if hasattr(item, "callspec") else {}
    return given.get("kind") == "postgresql" and given.get("host", HOST) != HOST


@pytest.fixture(scope="module", params=HOSTS)
def host(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def serve(kind: str, host: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Serve:
    """Serves the application that is made for a store's URL; a client of it."""

    @contextmanager
    def serve(make: Callable[[str], Coatcheck]) -> Iterator[httpx2.Client]:
        with ExitStack() as stack:
            if kind == "sqlite":
                store = f"sqlite:///{tmp_path_factory.mktemp('flow') / 'jobs.db'}"
            else:
                server = request.getfixturevalue("postgresql_server")
                store = stack.enter_context(database(server, f"flow_{uuid4().hex}"))
            served = stack.enter_context(hosted(make(store), host))
            yield stack.enter_context(served.client())

    return serve
