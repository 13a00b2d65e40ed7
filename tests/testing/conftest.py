"""The application of the kit's tests."""

from pathlib import Path

import pytest

from tests.testing.shop import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """With a store in a folder that must stay empty."""
    return Shop(tmp_path)
