"""The fixtures that every part of the suite uses."""

import pytest

from coatcheck.testing.clock import FakeClock
from coatcheck.testing.conformance.scenario import ObservedStore, OpenStore


class Handles:
    """Two handles on one database, which share a clock."""

    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    async def store(self, open_store: OpenStore, clock: FakeClock) -> ObservedStore:
        return await open_store(clock=clock)

    @pytest.fixture
    async def other(self, open_store: OpenStore, clock: FakeClock) -> ObservedStore:
        return await open_store(clock=clock)
