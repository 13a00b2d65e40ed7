from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.openapi import node
from tests.restarted import Restarted, restarted

HERE = Path(__file__).parent
PACKAGE = HERE.parents[1] / "clients" / "js"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restarted]:
    """The application that the client is tried on."""
    folder = tmp_path_factory.mktemp("javascript")
    with restarted("application:jobs", folder, app_directory=HERE, COATCHECK_SECRET="s" * 32, COATCHECK_POLL_RATE="none") as service:
        yield service


@pytest.fixture(scope="session")
def program() -> Path:
    return node.node()
