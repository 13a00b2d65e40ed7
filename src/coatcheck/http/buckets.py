"""Token buckets: how often each of many may do something."""

from collections import OrderedDict

import msgspec

from coatcheck.domain.rate import Rate

MOST_OWNERS = 10_000
"""Buckets that are remembered; the one that was not taken from longest is forgotten first, and full when asked for again."""


class Level(msgspec.Struct, frozen=True):
    """How full a bucket is."""

    tokens: int
    wait: float
    """Seconds until there is one; 0 where there is."""
    full_in: float
    """Seconds until it is full."""


class Buckets:
    """A bucket for each owner: it holds `rate.times` tokens, and as many come back in `rate.seconds`."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self._full_at: OrderedDict[str, float] = OrderedDict()
        """When each will be full, which tells all about it."""

    def level(self, owner: str, now: float) -> Level:
        """How full the owner's bucket is."""
        each = self.rate.seconds / self.rate.times
        full_in = max(0.0, round(self._full_at.get(owner, now) - now, 6))  # without what calculating with moments adds
        missing = full_in / each
        tokens = int(self.rate.times - missing + 1e-6)
        return Level(tokens, 0.0 if tokens else round((missing - self.rate.times + 1) * each, 6), full_in)

    def take(self, owner: str, now: float) -> Level:
        """Take a token; how full the bucket is then."""
        self._full_at[owner] = max(now, self._full_at.get(owner, now)) + self.rate.seconds / self.rate.times
        self._full_at.move_to_end(owner)
        if len(self._full_at) > MOST_OWNERS:
            self._full_at.popitem(last=False)
        return self.level(owner, now)
