"""Fixtures for pytest, which finds them by itself.

Say once, in `conftest.py`, which application is meant:

    @pytest.fixture
    def coatcheck_app():
        return jobs

A test that takes `coatcheck_inline` or `coatcheck_manual` is within `coatcheck.testing.inline` or `manual` from its beginning to
its end, be it a `def` or an `async def`.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from coatcheck.app import Coatcheck
    from coatcheck.testing import Kit


@pytest.fixture
def coatcheck_app() -> "Coatcheck":
    """The application under test: yours to override."""
    raise pytest.UsageError("Which application is under test? Write a fixture `coatcheck_app` that returns your Coatcheck object.")


@pytest.fixture
def coatcheck_inline(coatcheck_app: "Coatcheck") -> "Iterator[Kit]":
    """A job has been run to its end when its submission returns."""
    from coatcheck.testing import inline  # nothing of us is loaded where no test asks for it

    with inline(coatcheck_app) as kit:
        yield kit


@pytest.fixture
def coatcheck_manual(coatcheck_app: "Coatcheck") -> "Iterator[Kit]":
    """Jobs stay queued until `coatcheck_manual.run()` or `.drain()`, which are awaited in an `async def`."""
    from coatcheck.testing import manual

    with manual(coatcheck_app) as kit:
        yield kit
