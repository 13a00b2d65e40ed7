"""The application's description, put to the test by tools that know nothing of us."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import httpcore2
import pytest

from coatcheck.push import resolve
from coatcheck.testing.harness import serving
from tests.openapi.shop import shop

HERE = Path(__file__).parent
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "10")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    store = f"sqlite:///{tmp_path_factory.mktemp('shop')}/jobs.db"
    _, app = shop(store, secret="s" * 32, public_url="https://shop.example", webhook_schedule=(0.0,))
    with pytest.MonkeyPatch.context() as patch:  # whatever URL the tool thinks of, nothing leaves this machine
        patch.setattr(resolve, "_addresses", lambda _: OSError("no name is looked up here"))
        patch.setattr(httpcore2.AnyIOBackend, "connect_tcp", refuse)
        with serving(app) as url:
            yield url


async def refuse(*_: object, **__: object) -> NoReturn:
    raise httpcore2.ConnectError("nothing is dialled here")


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
