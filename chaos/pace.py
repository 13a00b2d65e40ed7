"""Work and blows go on side by side: neither runs out before the other."""

from coatcheck.clock import SystemClock

SLACK = 0.05
LOOK_AGAIN = 0.02


class Pace:
    """How far each of several parties is, from 0 to 1."""

    def __init__(self, *parties: str) -> None:
        self._share = dict.fromkeys(parties, 0.0)

    def advance(self, party: str, share: float) -> None:
        """`party` is this far."""
        self._share[party] = share

    async def keep(self, party: str) -> None:
        """Wait until the slowest of the others is not far behind."""
        while any(self._share[party] > share + SLACK for other, share in self._share.items() if other != party):
            await SystemClock().sleep(LOOK_AGAIN)
