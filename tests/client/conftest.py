from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from coatcheck.client import AsyncClient, Client
from coatcheck.testing.harness import serving
from tests.client.counter import Gate, InThread, Line, build

Connect = Callable[..., Any]


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.opened.set()


@pytest.fixture
def line(tmp_path: Path, gate: Gate) -> Line:
    return Line(build(tmp_path, gate))


@pytest.fixture
def url(line: Line, gate: Gate) -> Iterator[str]:
    with serving(line) as url:
        yield url
        gate.opened.set()


@pytest.fixture(params=["blocking", "asynchronous"])
async def connect(request: pytest.FixtureRequest) -> AsyncIterator[Connect]:
    """Makes clients of either kind; they ask often, for the application is next door."""
    async with AsyncExitStack() as stack:

        async def connect(url: str, **options: Any) -> Any:
            options = {"poll_interval": 0.01, "max_poll_interval": 0.01} | options
            if request.param == "asynchronous":
                return await stack.enter_async_context(AsyncClient(url, **options))
            return InThread(stack.enter_context(Client(url, **options)))

        yield connect


@pytest.fixture
async def api(url: str, connect: Connect) -> Any:
    return await connect(url)
