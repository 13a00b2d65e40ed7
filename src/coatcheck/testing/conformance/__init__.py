"""What every store must do, as tests that need no database of their own.

A backend's tests give one fixture and one class:

    from coatcheck.testing.conformance import StoreConformance

    @pytest.fixture
    async def open_store(...):
        async def open_one(clock): ...      # another open handle on one database, the same for the whole test
        yield open_one
        ...                                 # close them all

    class TestOurStore(StoreConformance): ...

It needs pytest and pytest-asyncio in auto mode. No part of it is ever skipped.
"""

import pytest

for _part in (
    "boots",
    "bounding",
    "claiming",
    "completing",
    "dispatching",
    "fencing",
    "keeping",
    "leases",
    "owing",
    "races",
    "registering",
    "reporting",
    "scenario",
    "settling",
    "submitting",
    "transitions",
    "viewing",
    "webhooks",
):
    pytest.register_assert_rewrite(f"{__name__}.{_part}")

from coatcheck.testing.conformance.boots import Boots  # noqa: E402  after the lines that make their asserts speak
from coatcheck.testing.conformance.bounding import Bounding  # noqa: E402
from coatcheck.testing.conformance.claiming import Claiming  # noqa: E402
from coatcheck.testing.conformance.completing import Completing  # noqa: E402
from coatcheck.testing.conformance.dispatching import Dispatching  # noqa: E402
from coatcheck.testing.conformance.fencing import Fencing  # noqa: E402
from coatcheck.testing.conformance.keeping import Keeping  # noqa: E402
from coatcheck.testing.conformance.leases import Leases  # noqa: E402
from coatcheck.testing.conformance.owing import Owing  # noqa: E402
from coatcheck.testing.conformance.races import Races  # noqa: E402
from coatcheck.testing.conformance.registering import Registering  # noqa: E402
from coatcheck.testing.conformance.reporting import Reporting  # noqa: E402
from coatcheck.testing.conformance.scenario import OpenStore  # noqa: E402
from coatcheck.testing.conformance.settling import Settling  # noqa: E402
from coatcheck.testing.conformance.submitting import Submitting  # noqa: E402
from coatcheck.testing.conformance.transitions import Transitions  # noqa: E402
from coatcheck.testing.conformance.viewing import Viewing  # noqa: E402

__all__ = ["OneHostConformance", "OpenStore", "StoreConformance"]


class StoreConformance(
    Submitting,
    Bounding,
    Claiming,
    Transitions,
    Fencing,
    Settling,
    Completing,
    Leases,
    Races,
    Reporting,
    Viewing,
    Keeping,
    Owing,
    Dispatching,
    Registering,
):
    """The whole suite."""


class OneHostConformance(Boots):
    """Besides, for a store that only one host can use: its leases are in that host's boot time."""
