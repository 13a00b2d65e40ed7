"""Each kind of collection of blobs, for the tests of what all must do."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from coatcheck.blobs.contract import Blobs
from coatcheck.clock import Clock, SystemClock
from coatcheck.settings import Settings
from coatcheck.store.open import open_blobs, open_store
from coatcheck.telemetry import Telemetry
from coatcheck.testing.harness import Process, eventually, free_port, started
from tests.services import require

OpenBlobs = Callable[..., Blobs]


@pytest.fixture(params=["sqlite", "postgresql", "bucket"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Those of a store that is there, beside which, or in which, blobs are kept; or they are in a bucket."""
    url = request.getfixturevalue("kept_database_url") if request.param == "postgresql" else f"sqlite:///{tmp_path / 'coatcheck.db'}"
    settings = Settings(store=url, blobs=request.getfixturevalue("bucket") if request.param == "bucket" else None)
    asyncio.run(_make(settings))
    return settings


@pytest.fixture(scope="session")
def bucket_server() -> Iterator[str]:
    """The URL of a server that speaks like S3. It is a simulation: there is no real one that could be installed with pip or apt."""
    require(find_spec("moto"), "a server that speaks like S3: pip install moto[server]")
    port = free_port()
    with started([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]) as server:
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: _answers(url, server), patience=100)
        yield url


@pytest.fixture
def bucket(bucket_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a place in a bucket."""
    variables = {"ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b", "REGION": "us-east-1", "ENDPOINT_URL": bucket_server, "ALLOW_HTTP": "true"}
    for name, value in variables.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    name = f"files-{uuid4().hex}"
    httpx2.put(f"{bucket_server}/{name}").raise_for_status()
    return f"s3://{name}/coatcheck"


@pytest.fixture
def open_some(settings: Settings) -> Iterator[OpenBlobs]:
    """Another handle on the same blobs, as another process has."""
    opened: list[Blobs] = []

    def open_one(clock: Clock | None = None) -> Blobs:
        opened.append(open_blobs(settings, clock or SystemClock()))
        return opened[-1]

    yield open_one
    for blobs in opened:
        blobs.close()


@pytest.fixture
def blobs(open_some: OpenBlobs) -> Blobs:
    return open_some()


def _answers(url: str, server: Process) -> bool:
    assert server.status is None, server.log
    try:
        return httpx2.get(url).is_success
    except httpx2.TransportError:
        return False


async def _make(settings: Settings) -> None:
    store = open_store(settings, SystemClock(), Telemetry())
    await store.open()
    await store.close()
