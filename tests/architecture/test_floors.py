"""A module imports only from lower floors, and nothing goes round in circles."""

import logging.config
import subprocess
import sys
from graphlib import TopologicalSorter

import grimp
import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from tests.architecture.sources import ROOT


def test_every_contract_of_the_floors_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The floors are in pyproject.toml; a new module must be given one."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(logging.config, "dictConfig", lambda _: None)  # it would silence every logger there is, for all tests to come
    assert lint_imports(config_filename="pyproject.toml", no_cache=True) == EXIT_STATUS_SUCCESS


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports for the type checker and those inside functions count: they are dependencies all the same."""
    graph = grimp.build_graph("coatcheck", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(imports) > 50
    TopologicalSorter(imports).prepare()


def test_whoever_only_runs_jobs_loads_no_web_framework() -> None:
    """A worker starts the sooner, and so does a job whose worker was killed."""
    code = "import sys, coatcheck.app; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not {"starlette", "fastapi", "uvicorn", "click", "httpx2"} & set(loaded)
