"""One served application for all tests of a module."""

import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from coatcheck.cli.command import run
from tests.cli.running import APPLICATION, TOKEN, Running, forget_modules, running

PATIENT = {"COATCHECK_LEASE": "120"}
"""Leases outlive every test: what happens to a dead worker's jobs is the supervisor's doing."""


@dataclass(frozen=True)
class Ran:
    """What came of a command."""

    status: int
    out: str
    err: str


Coatcheck = Callable[..., Ran]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the application's module is, and everything is run."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "shop.py").write_text(APPLICATION)
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Running]:
    """`coatcheck serve` with one worker, a process of its own."""
    with running("serve", "shop:jobs", "--port", "0", "--store", "sqlite:///shop.db", "--grace", "2", folder=folder, env=PATIENT) as server:
        assert server.url
        yield server


@pytest.fixture
def coatcheck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Iterator[Coatcheck]:
    """A command as typed in `tmp_path`, run in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])

    def coatcheck(*arguments: object, stdin: str = "") -> Ran:
        forget_modules(tmp_path)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        status = run([str(argument) for argument in arguments])
        out, err = capfdbinary.readouterr()
        return Ran(status, out.decode("latin-1"), err.decode())

    yield coatcheck
    forget_modules(tmp_path)


@pytest.fixture
def customer(coatcheck: Coatcheck, server: Running, monkeypatch: pytest.MonkeyPatch) -> Coatcheck:
    """A command against the server, as its owner would type it."""
    monkeypatch.setenv("COATCHECK_URL", server.url)
    monkeypatch.setenv("COATCHECK_TOKEN", TOKEN)
    return coatcheck
