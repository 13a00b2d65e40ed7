"""Delivering what is owed."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from coatcheck.clock import Clock
from coatcheck.domain.delivery import DeliveryClaim
from coatcheck.errors import StoreUnavailable
from coatcheck.feed.hints import Hints
from coatcheck.push.courier import Courier
from coatcheck.service import Service
from coatcheck.store.deliveries import Deliveries, Due
from coatcheck.telemetry import Telemetry

CONCURRENCY = 100
"""Messages that one dispatcher has under way at most."""
PER_TARGET = 8
"""Messages to one receiver that all dispatchers together have under way."""
REST = 0.05
"""Seconds between two looks at least, after one that found nothing: a store of busy jobs hints all the time."""
PATIENCE = 1.0
"""Seconds that messages under way are given at the end; the rest is sent again by others."""


class Dispatcher(Service):
    """Claims deliveries that are due, sends them side by side, and records what came of each.

    A receiver that hangs occupies its own places and nobody else's, and never holds up a turn. Whatever this dispatcher had
    claimed when it ended is another's, under the same `webhook-id`: at once if it could let go of that, or is known to
    be dead, else once the lease is over.
    """

    def __init__(
        self,
        *,
        dispatcher_id: str,
        deliveries: Deliveries,
        courier: Courier,
        hints: Hints,
        clock: Clock,
        telemetry: Telemetry,
        interval: float,
    ) -> None:
        super().__init__(interval=interval, telemetry=telemetry)
        self.id = dispatcher_id
        self._deliveries, self._courier, self._hints, self._clock = deliveries, courier, hints, clock
        self._under_way = 0
        self._batches: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()
        self._rested_at = 0.0

    async def start(self) -> None:
        """Begin to deliver."""
        await super().start()
        assert self.bell is not None
        self._hints.add(self.bell)

    async def stop(self) -> None:
        """Claim no more, wait a moment for what is under way, and end."""
        if self.bell is not None:
            self._hints.remove(self.bell)
        await super().stop()
        if self._batches:
            await asyncio.wait(self._batches, timeout=PATIENCE)
        for batch in self._batches:
            batch.cancel()
        await asyncio.gather(*self._batches, return_exceptions=True)
        with suppress(StoreUnavailable):  # then the leases run out
            await self._deliveries.release_deliveries(self.id)
        await self._courier.close()

    async def turn(self) -> None:
        """Look once, and begin to send what is due, as far as there is room."""
        await self._rest()
        while (free := CONCURRENCY - self._under_way) > 0:
            claims = await self._deliveries.claim_deliveries(self.id, Due(limit=free, per_target=PER_TARGET, lease=self._courier.lease))
            if claims:
                self._begin(claims)
            if len(claims) < free:
                self._rested_at = 0.0 if claims else self._clock.monotonic() + REST
                return

    def _begin(self, claims: Sequence[DeliveryClaim]) -> None:
        self._under_way += len(claims)
        batch = asyncio.create_task(self._courier.deliver(claims, self.id, self._let_go))
        self._batches.add(batch)
        batch.add_done_callback(self._batches.discard)

    async def _rest(self) -> None:
        """Wait out the pause after a look that found nothing, unless a message has ended and made room."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, self._rested_at - self._clock.monotonic())):
                await self._ended.wait()
        self._ended.clear()

    def _let_go(self) -> None:
        """One of those under way has ended, which makes room."""
        self._under_way -= 1
        self._ended.set()
        if self.bell is not None:
            self.bell.ring()
