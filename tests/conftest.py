"""What all tests share: nothing of the machine they run on gets in, nothing of one test gets into the next."""

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from coatcheck import failpoints

settings.register_profile("coatcheck", deadline=None)  # no timing assertions, not even hidden ones
settings.load_profile("coatcheck")

# Kills, freezes and crashes of processes are survived without it; only a power cut needs each commit synced to the disk,
# and dozens of processes that sync at once spend most of the suite's time waiting for it.
os.environ["COATCHECK_DURABILITY"] = "process"

# A shell that runs us in the background has us ignore Ctrl-C, and the processes we start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

_FOR_THE_SUITE = frozenset({"COATCHECK_DURABILITY", "COATCHECK_REQUIRE_SERVICES"})


@pytest.fixture(autouse=True)
def _unconfigured(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No `COATCHECK_` variable of the caller's, and no armed failpoint."""
    for variable in [name for name in os.environ if name.startswith("COATCHECK_")]:
        if variable not in _FOR_THE_SUITE:
            monkeypatch.delenv(variable)
    yield
    failpoints.arm("")
