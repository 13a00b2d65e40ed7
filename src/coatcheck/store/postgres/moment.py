"""What time it is: the server's to say."""

from coatcheck.clock import Clock, SystemClock

Moment = dict[str, float | None]
TOLERATED = 5.0
"""Seconds by which a host's clock may differ from the server's before somebody is told."""


class Moments:
    """The parameters `now` and `seconds` of statements.

    Both are NULL while the clock is this host's own, and the server's `clock_timestamp()` stands for them: hosts whose clocks
    differ agree on every stored moment and every lease. Any other clock, as a test passes, is asked.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = None if isinstance(clock, SystemClock) else clock

    def now(self) -> Moment:
        """The time of day and the moment on the clock that leases run by."""
        if self._clock is None:
            return {"now": None, "seconds": None}
        return {"now": self._clock.now(), "seconds": self._clock.boot().seconds}


def apart(server: float, before: float, after: float) -> float:
    """Seconds by which the server's clock is ahead of a host's, at least, and negative where it is behind.

    It said `server` somewhere between the host's moments `before` and `after`.
    """
    return max(0.0, server - after) + min(0.0, server - before)
