"""Deliveries tried once, and what came of each recorded."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from coatcheck.clock import Clock
from coatcheck.domain.delivery import Delivery, DeliveryClaim, DeliveryStatus, Recorded, Sent, Tried, next_delay
from coatcheck.errors import StoreUnavailable
from coatcheck.push.facts import facts_of
from coatcheck.push.messages import Message, Messages
from coatcheck.push.send import Exchange, Sender
from coatcheck.store.deliveries import Deliveries
from coatcheck.telemetry import Telemetry

T = TypeVar("T")

STORE_PAUSE = 0.5
"""Seconds between tries while the store cannot be reached."""
_GONE = 410


class Courier:
    """Takes messages to their receivers.

    `schedule` are the seconds before each attempt, `deadline` those that one may take.
    """

    def __init__(
        self,
        *,
        deliveries: Deliveries,
        messages: Messages,
        sender: Sender,
        schedule: Sequence[float],
        deadline: float,
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        self._deliveries, self._messages, self._sender = deliveries, messages, sender
        self._schedule, self._clock, self._telemetry = tuple(schedule), clock, telemetry
        self.lease = 2 * deadline + 2
        """Seconds that a claim has to last: to write the message, to send it, and to record what came of that."""
        self._random = random.Random()  # noqa: S311  spreads retries

    async def deliver(self, claims: Sequence[DeliveryClaim], dispatcher: str, ended: Callable[[], None]) -> None:
        """Try deliveries once, side by side, and record what came of each; `ended` is called after each.

        Never raises: where the store stays away, the leases run out.
        """
        try:
            messages = await self._insist(lambda: self._messages.write(claims))
        except Exception as error:  # noqa: BLE001  told, and tried again by whoever claims them next
            self._telemetry.emit("service.failed", service="deliver", error=error)
            for _ in claims:
                ended()
            return
        await asyncio.gather(*(self._deliver(claim, messages[claim.delivery.id], dispatcher, ended) for claim in claims))

    async def close(self) -> None:
        """Close the connections to receivers."""
        await self._sender.close()

    async def _deliver(self, claim: DeliveryClaim, message: Message | Exception, dispatcher: str, ended: Callable[[], None]) -> None:
        try:
            at = self._clock.now()
            exchange = await self._send(claim.delivery, message)
            tried = self._concluded(claim, at, exchange)
            recorded = await self._insist(lambda: self._deliveries.settle_delivery(claim, tried, dispatcher=dispatcher))
            self._tell(claim.delivery, tried, recorded)
        except Exception as error:  # noqa: BLE001  likewise
            self._telemetry.emit("service.failed", service="deliver", error=error)
        finally:
            ended()

    async def _send(self, delivery: Delivery, message: Message | Exception) -> Exchange:
        """What comes of posting the message; one that could not be written fails alone."""
        if isinstance(message, Exception):
            return Exchange(duration=0.0, error=f"could not be written: {message}")
        return await self._sender.send(delivery.url, message.headers(delivery, self._clock.now()), message.body)

    def _concluded(self, claim: DeliveryClaim, at: float, exchange: Exchange) -> Tried:
        """What becomes of the delivery."""
        attempts = claim.delivery.attempts + 1
        attempt = Sent(at=at, duration=exchange.duration, status=exchange.status, error=exchange.error, answer=exchange.answer)
        if exchange.delivered:
            return Tried(attempt=attempt, status=DeliveryStatus.DELIVERED)
        if exchange.status == _GONE:
            return Tried(attempt=attempt, status=DeliveryStatus.DEAD, disable="It answered 410 Gone.")
        delay = next_delay(attempts, self._random, exchange.retry_after, self._schedule)
        return Tried(attempt=attempt, status=DeliveryStatus.DEAD if delay is None else DeliveryStatus.PENDING, delay=delay)

    async def _insist(self, action: Callable[[], Awaitable[T]]) -> T:
        """What the store answers; asked again while it cannot be reached. Raises TimeoutError once the lease must be over."""
        async with asyncio.timeout(self.lease):
            while True:
                try:
                    return await action()
                except StoreUnavailable:
                    await self._clock.sleep(STORE_PAUSE)

    def _tell(self, delivery: Delivery, tried: Tried, recorded: Recorded | None) -> None:
        attempt = tried.attempt
        facts = {
            **facts_of(delivery),
            "attempt": recorded and recorded.number,
            "duration": attempt.duration,
            "answered": attempt.status,
            "reason": attempt.error,
        }
        if recorded is None:
            self._telemetry.emit("delivery.late_write", **facts)
        elif tried.status is DeliveryStatus.DELIVERED:
            self._telemetry.emit("delivery.delivered", **facts)
        elif tried.status is DeliveryStatus.DEAD:
            self._telemetry.emit("delivery.dead", **facts)
        else:
            self._telemetry.emit("delivery.failed", next_in=round(tried.delay or 0.0, 3), **facts)
        if recorded is not None and recorded.disabled:
            self._tell_end(delivery, tried, recorded)

    def _tell_end(self, delivery: Delivery, tried: Tried, recorded: Recorded) -> None:
        """The endpoint is sent nothing more, and what else was owed to it is dead."""
        facts = {"endpoint": delivery.endpoint, "owner": delivery.owner, "reason": tried.disable}
        self._telemetry.emit("endpoint.disabled", **facts)
        if recorded.given_up:
            self._telemetry.emit("deliveries.given_up", deliveries=recorded.given_up, **facts)
