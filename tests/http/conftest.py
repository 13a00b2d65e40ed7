"""Sites of the HTTP tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.http.site import Site, by_bearer, running


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Without authentication: one owner for all."""
    async with running(tmp_path) as site:
        yield site


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Site]:
    """With authentication by name."""
    async with running(tmp_path, authenticate=by_bearer) as site:
        yield site
