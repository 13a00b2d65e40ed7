"""What can be said of the time to come of a job that has not ended."""

import math

import msgspec

DEFAULT_RETRY_AFTER = 5
"""Seconds between polls where nothing is known of the job's length."""
RETRY_AFTER = (5, 60)
"""Seconds between polls at least, and at most."""


class Outlook(msgspec.Struct, frozen=True):
    """What can be said of the time to come of a job that has not ended."""

    left: float | None = None
    """Seconds until it may be done; None where nothing supports an estimate."""
    completion: float | None = None
    """That moment, in seconds since the epoch."""
    queue_position: int | None = None

    def retry_after(self, bounds: tuple[int, int] = RETRY_AFTER) -> int:
        """Seconds until a next look makes sense, at least and at most those.

        >>> Outlook(left=600.0).retry_after()
        60
        >>> Outlook().retry_after()
        5
        """
        least, most = bounds
        if self.left is None:
            wanted = DEFAULT_RETRY_AFTER
        elif self.left < 60:
            wanted = min(10, math.ceil(self.left))
        else:
            wanted = max(10, math.ceil(self.left / 6))
        return max(least, min(most, wanted))
