"""Each flow on both kinds of store, in every host framework."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from uuid import uuid4

import httpx2
import pytest

from coatcheck.app import Coatcheck
from tests.hosts.serving import HOSTS, hosted
from tests.postgresql import database

Serve = Callable[[Callable[[str], Coatcheck]], AbstractContextManager[httpx2.Client]]


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
