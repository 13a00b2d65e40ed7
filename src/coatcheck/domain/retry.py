"""When a failed attempt is tried again."""

import random

import msgspec


class Backoff(msgspec.Struct, frozen=True, kw_only=True):
    """Exponential backoff with full jitter: a random delay between 0 and `base * 2**(failures - 1)`, at most `cap`.

    Full jitter spreads the retries of jobs that failed together, which a fixed delay would send back together.
    """

    base: float = 2.0
    """Seconds; the longest first delay."""
    cap: float = 600.0
    """Seconds; the longest delay."""

    def ceiling(self, failures: int) -> float:
        """The longest delay in seconds after `failures` failures (1 or more)."""
        exponent = min(failures - 1, 64)  # beyond it the cap has long been reached, and floats would overflow
        return min(self.cap, self.base * 2.0**exponent)

    def delay(self, failures: int, random: random.Random) -> float:
        """Seconds to wait after `failures` failures."""
        return random.uniform(0.0, self.ceiling(failures))
