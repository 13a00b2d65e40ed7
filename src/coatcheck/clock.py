"""The one place that reads time or sleeps.

Three clocks, for three questions:

* `now` answers *what time is it for people*: seconds since the epoch, UTC. Used for display, `notBefore`, expiry.
* `monotonic` answers *how long did it take* within one process.
* `boot` answers *is this lease over*: it keeps counting while the host is suspended, no wall-clock jump moves it,
  and another boot has another id, so that every lease of the boot before is over at once.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import NamedTuple, Protocol


class BootTime(NamedTuple):
    """A moment on this host's boot clock: the boot it belongs to, and seconds since that boot."""

    boot_id: str
    seconds: float


class Clock(Protocol):
    """What the rest of the framework knows of time. Pass another one in tests."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment; never goes back."""
        ...

    def boot(self) -> BootTime:
        """The present moment on the host's boot clock."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Suspend the calling task."""
        ...


class SystemClock:
    """The host's clocks."""

    def __init__(self) -> None:
        self._boot_id = _read_boot_id()

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def boot(self) -> BootTime:
        return BootTime(self._boot_id, _boot_seconds())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _boot_seconds() -> float:
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def _read_boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:  # not Linux: one id for all boots, so that leases end by time alone
        return "unknown"
