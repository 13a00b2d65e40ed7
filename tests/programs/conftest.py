"""Sites of the programs' tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from coatcheck.testing.clock import FakeClock
from tests.worker.site import Site, opened


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """On the host's clock."""
    async with opened(tmp_path) as site:
        yield site


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def timed(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Site]:
    """On a clock that stands still until the test moves it; no lease ends on the way."""
    async with opened(tmp_path, clock=clock, lease=1e6) as site:
        yield site
