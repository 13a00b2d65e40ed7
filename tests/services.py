"""What a test needs of the machine, and the one way to go without."""

import os

import pytest

on_sqlite, on_postgresql = (pytest.mark.parametrize("kind", [kind]) for kind in ("sqlite", "postgresql"))
"""A test of one kind of store only."""


def require(there: object, what: str) -> None:
    """Skip the test unless `what` is there; fail it instead where COATCHECK_REQUIRE_SERVICES=1 says that all has to be."""
    if there:
        return
    if os.environ.get("COATCHECK_REQUIRE_SERVICES") == "1":
        pytest.fail(f"needs {what}, and COATCHECK_REQUIRE_SERVICES=1 says that it is there", pytrace=False)
    pytest.skip(f"needs {what}")
