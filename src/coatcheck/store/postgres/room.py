"""How many jobs still go into a queue before it is counted again."""

import asyncio

SHARE = 8
"""Of the places that were free when it was counted, one in so many is given away uncounted: others may do the same."""
FRESH = 1.0
"""Seconds for which a count is believed."""


class Room:
    """Places in the queues of operations, as one event loop knows them.

    Counting a queue costs more than storing a job, and has to be done alone. So one count pays for many jobs while the queue is
    far from its bound, and for none where it is full. One event loop keeps the bound exactly; each of several may pass it by its
    share.
    """

    def __init__(self) -> None:
        self._places: dict[str, tuple[float, int]] = {}

    def take(self, operation: str, wanted: int) -> bool:
        """Whether `wanted` jobs go in uncounted; their places are taken."""
        until, places = self._places.get(operation, (0.0, 0))
        if wanted > places or asyncio.get_running_loop().time() > until:
            return False
        self._places[operation] = until, places - wanted
        return True

    def count(self, operation: str, free: int) -> None:
        """Note that there were `free` places just now."""
        self._places[operation] = asyncio.get_running_loop().time() + FRESH, max(0, free) // SHARE
