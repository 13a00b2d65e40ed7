"""Clients that strangers' generators make of the document reach the application by it."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import httpx2
import pytest

from coatcheck.testing.harness import serving
from tests.openapi import node
from tests.openapi.shop import shop

HERE = Path(__file__).parent
WORTH = {"total": 7, "day": "2026-01-31"}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    jobs, _ = shop(f"sqlite:///{tmp_path_factory.mktemp('shop')}/jobs.db")
    with serving(jobs) as url:
        yield url


@pytest.fixture
def document(url: str, tmp_path: Path) -> Path:
    file = tmp_path / "openapi.json"
    file.write_text(httpx2.get(f"{url}/openapi.json").text)
    return file


def run(*command: str | Path, folder: Path) -> str:
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ran = subprocess.run(command, cwd=folder, env={**os.environ, "PATH": search}, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


@pytest.fixture
def generated(document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a package that openapi-python-client made."""
    said = run(
        *(sys.executable, "-m", "openapi_python_client", "generate", "--path", document),
        *("--output-path", tmp_path / "shop_client", "--meta", "none"),
        folder=tmp_path,
    )
    assert "Warning" not in said
    monkeypatch.syspath_prepend(str(tmp_path))
    return "shop_client"


def test_a_python_client(generated: str, url: str) -> None:
    """openapi-python-client has no complaint, and its functions submit, follow and fetch."""

    def module(name: str) -> ModuleType:
        return importlib.import_module(f"{generated}.{name}")

    models = module("models")
    bill = models.Bill.from_dict({"day": "2026-01-31", "lines": [{"name": "tea", "amount": 3}, {"name": "cake", "amount": 4}]})
    with module("client").Client(base_url=url) as client:
        job = module("api.operations.bill").sync(client=client, body=bill)
        assert isinstance(job, models.BillJob)
        seen = module("api.jobs.get_job").sync(job.job_id, client=client, prefer="wait=20")
        assert isinstance(seen, models.Job)
        assert seen.status is models.Status.COMPLETED
        assert module("api.jobs.get_result").sync(job.job_id, client=client) == WORTH


@pytest.mark.timeout(600)  # the first time, packages have to be fetched
def test_a_typescript_client(document: Path, url: str, tmp_path: Path) -> None:
    """openapi-typescript's types hold for a program that `tsc --strict` lets pass, and the program runs."""
    project = node.installed(HERE / "typescript", tmp_path / "typescript")
    program, tools = node.node(), project / "node_modules"
    run(
        program,
        tools / "openapi-typescript" / "bin" / "cli.js",
        document,
        "--default-non-nullable=false",
        "--output",
        project / "schema.d.ts",
        folder=project,
    )
    run(program, tools / "typescript" / "bin" / "tsc", "--project", project, folder=project)
    assert json.loads(run(program, project / "main.js", url, folder=project)) == WORTH
