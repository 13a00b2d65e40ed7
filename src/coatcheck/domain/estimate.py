"""When a job will be done: declared, then learned."""

import re
from collections.abc import Sequence
from statistics import median

import msgspec

_UNITS = {"s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "day": 86400}
_RANGE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:(?:-|–|to)\s*(\d+(?:\.\d+)?)\s*)?([a-z]+?)s?\s*", re.IGNORECASE)


class Estimate(msgspec.Struct, frozen=True):
    """A range of durations in seconds."""

    low: float
    high: float

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2


def parse_estimate(text: str) -> Estimate:
    """Read `estimate=`, as in `"2-3 minutes"`, `"90 s"` or `"1 to 2 hours"`.

    Raises ValueError for anything else.

    >>> parse_estimate("2-3 minutes")
    Estimate(low=120.0, high=180.0)
    """
    found = _RANGE.fullmatch(text)
    unit = _UNITS.get(found[3].lower()) if found else None
    if found is None or unit is None:
        raise ValueError(f"estimate={text!r} cannot be read; write it like '2-3 minutes', '90 seconds' or '1 hour'.")
    low = float(found[1]) * unit
    return Estimate(low, float(found[2]) * unit if found[2] else low)


def typical_duration(declared: Estimate | None, past: Sequence[float]) -> float | None:
    """Seconds a run usually takes: the median of `past` runs once there are three, else what was declared."""
    if len(past) >= 3:
        return median(past)
    return declared.middle if declared else None


def remaining(*, elapsed: float, fraction: float | None, typical: float | None) -> float | None:
    """Seconds a running job still needs.

    The progress rate is trusted once a twentieth is done; before that, and without progress, the typical duration.
    None where nothing supports an estimate.

    >>> remaining(elapsed=10, fraction=0.5, typical=None)
    10.0
    """
    if fraction is not None and fraction >= 0.05:
        return elapsed * (1 - fraction) / fraction
    return max(0.0, typical - elapsed) if typical is not None else None


def waiting(ahead: int, typical: float, running: int) -> float:
    """Seconds until a queued job begins, with so many jobs ahead of it and so many running at a time.

    >>> waiting(6, typical=10, running=3)
    20.0
    """
    return ahead * typical / max(1, running)
