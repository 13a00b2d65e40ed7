"""The application's description, put to the test by tools that know nothing of us."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from coatcheck.testing.harness import serving
from tests.openapi.shop import shop

HERE = Path(__file__).parent
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "10")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    _, app = shop(f"sqlite:///{tmp_path_factory.mktemp('shop')}/jobs.db")
    with serving(app) as url:
        yield url


@pytest.mark.timeout(600)
def test_requests_made_from_the_document_alone_meet_what_it_says(url: str, tmp_path: Path) -> None:
    """schemathesis: all checks on valid, invalid and sequences of requests; no failure, and no answer of 500 or above."""
    tool = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"), "--no-color"]
    run = subprocess.run(
        [*tool, "run", f"{url}/openapi.json", "--checks", "all", "--max-examples", EXAMPLES, "--seed", "1"],
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
