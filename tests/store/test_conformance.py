"""Each store does what every store must do."""

import pytest

from coatcheck.testing.conformance import StoreConformance


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('file')}"
    url: str = request.getfixturevalue("kept_database_url")
    return url


class TestStore(StoreConformance):
    """With two handles on one database, as two processes have."""
