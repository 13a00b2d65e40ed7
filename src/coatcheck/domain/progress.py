"""How far a run is."""

import math
from operator import index

import msgspec

MAX_MESSAGE = 1024
"""Characters of a progress message that are kept."""
MAX_UNIT = 64
"""Characters of a unit that are kept."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """The last thing a run said of itself. A member is None while unknown."""

    percent: int | None = None
    message: str | None = None
    current: int | float | None = None
    total: int | float | None = None
    unit: str | None = None

    def advanced(
        self,
        *,
        percent: float | None = None,
        current: float | None = None,
        total: float | None = None,
        unit: str | None = None,
        message: str | None = None,
    ) -> "Progress":
        """This progress with what was newly said; what was not said stays.

        The percentage is clamped to 0–100, follows `current / total` where it is not given itself, and never goes
        down. Raises ValueError for NaN and infinities.

        >>> Progress(percent=40).advanced(current=1, total=4).percent
        40
        >>> Progress().advanced(current=1, total=4, unit="row").percent
        25
        """
        percent, current, total = _number("percent", percent), _number("current", current), _number("total", total)
        current = self.current if current is None else current
        total = self.total if total is None else total
        if percent is None and current is not None and total is not None and total > 0:
            percent = 100.0 * current / total  # may pass the largest float, and is infinite then
        if percent is not None:
            percent = max(int(max(0.0, min(100.0, percent))), self.percent or 0)
        return Progress(
            percent=self.percent if percent is None else percent,
            message=self.message if message is None else message[:MAX_MESSAGE],
            current=current,
            total=total,
            unit=self.unit if unit is None else unit[:MAX_UNIT],
        )


def _number(name: str, value: float | None) -> int | float | None:
    """`value` as a plain number that JSON can carry, whatever library's it was; whole ones stay whole up to 2**53."""
    if value is None:
        return None
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"progress({name}={number!r}): give a finite number.")
    return index(value) if hasattr(value, "__index__") and abs(number) < 2**53 else number
