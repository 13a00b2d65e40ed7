"""The service of these tests: one for them all, whose worker no job of it ends."""

import os
from collections.abc import Iterator

import pytest

from tests.worker.isolation.service import Service, serving_application


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """With a short grace, and a lease that is long for a busy machine: few tests mean it."""
    with serving_application(tmp_path_factory.mktemp("service"), grace=1, lease=10, concurrency=4) as service:
        yield service


@pytest.fixture
def service(shared: Service) -> Iterator[Service]:
    """The same; after the test its worker must live, nothing may be left, and the next job must run."""
    yield shared
    shared.check()


@pytest.fixture(scope="session")
def long(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One with a long grace, of which the first tenth is short still, and without uvloop: signals meet another event loop."""
    hidden = tmp_path_factory.mktemp("hidden")
    (hidden / "uvloop.py").write_text("raise ImportError")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(hidden), prepend=os.pathsep)
        with serving_application(tmp_path_factory.mktemp("service"), grace=10) as service:
            yield service
