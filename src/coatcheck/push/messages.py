"""What is sent: a message's body, written once, and the header fields of each attempt."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from coatcheck.domain.delivery import Delivery, DeliveryClaim
from coatcheck.domain.endpoint import Occasion
from coatcheck.domain.event import Event
from coatcheck.domain.job import JobRecord
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.replay import replay
from coatcheck.errors import JobExpired, NotConfigured, StoreUnavailable
from coatcheck.secrets import Seal
from coatcheck.store.contract import Store
from coatcheck.store.deliveries import Deliveries, owner_secret
from coatcheck.wire.signatures import signed_headers

K = TypeVar("K")
A = TypeVar("A")
V = TypeVar("V")

Render = Callable[[Occasion, JobRecord, float], Awaitable[bytes]]
"""The body that tells of an occasion: a job as it was then, and the moment."""


class Message(NamedTuple):
    """One delivery's message."""

    body: bytes
    secrets: Sequence[bytes]
    """What it is signed with: each that is in force."""

    def headers(self, delivery: Delivery, now: float) -> dict[str, str]:
        """The header fields of an attempt made now: the trace that the job belongs to, id, moment and signatures."""
        trace = {"traceparent": delivery.traceparent} if delivery.traceparent else {}
        return trace | signed_headers(self.secrets, delivery.id, int(now), self.body)


class Messages:
    """Writes what is owed."""

    def __init__(self, *, store: Store, deliveries: Deliveries, seal: Seal, render: Render) -> None:
        self._store, self._deliveries, self._seal, self._render = store, deliveries, seal, render

    async def write(self, claims: Sequence[DeliveryClaim]) -> Mapping[str, Message | Exception]:
        """The messages of these deliveries, by their ids; for each that cannot be written, why.

        A body is what was written down before, or else written down now: rendered once for all who are told of one event, and kept in
        one transaction for all of them. Raises StoreUnavailable.
        """
        deliveries = {claim.delivery.id: claim.delivery for claim in claims}
        bodies: dict[str, bytes | Exception] = {claim.delivery.id: claim.body for claim in claims if claim.body is not None}
        bodies |= await self._written([delivery for delivery in deliveries.values() if delivery.id not in bodies])
        secrets = await _each(self._secrets, {_holder(delivery): _holder(delivery) for delivery in deliveries.values()})
        return {name: _message(bodies[name], secrets[_holder(delivery)]) for name, delivery in deliveries.items()}

    async def _written(self, new: Sequence[Delivery]) -> dict[str, bytes | Exception]:
        """Bodies of deliveries that have none yet, kept from here on."""
        rendered = await _each(self._rendered, {(delivery.job_id, delivery.event): delivery for delivery in new})
        bodies = {delivery.id: rendered[delivery.job_id, delivery.event] for delivery in new}
        kept = await self._deliveries.freeze({name: body for name, body in bodies.items() if isinstance(body, bytes)})
        return bodies | dict(kept)

    async def _rendered(self, delivery: Delivery) -> bytes:
        """A body that tells of the job as of the event, whatever has happened since. Raises JobExpired for a job that is gone."""
        return await self._render(delivery.occasion, *await self._as_of(delivery))

    async def _secrets(self, holder: str) -> Sequence[bytes]:
        """Those that can be opened: any is enough for who has it. Raises NotConfigured, ConfigurationError where there is none."""
        found = await self._deliveries.secrets(holder)
        if not found:
            raise NotConfigured("there is no secret to sign with")
        return self._seal.unseal_any([secret.sealed for secret in found], holder)

    async def _as_of(self, delivery: Delivery) -> tuple[JobRecord, float]:
        """The job as it was once the delivery's event had happened, and when that was."""
        assert delivery.job_id is not None  # a test message was written down when it was asked for
        assert delivery.event is not None
        job = await self._store.get(delivery.job_id, SYSTEM)
        if not isinstance(job, JobRecord):
            raise JobExpired
        if job.last_event == delivery.event and job.completed_at is not None:  # it stands as it stood then
            return job, job.completed_at
        told = replay(job, await self._history(delivery.job_id, delivery.event))
        event, was = [(event, was) for event, was in told][-1]
        return was, event.at

    async def _history(self, job_id: str, until: int) -> list[Event]:
        """The job's events up to that one, or, where that was pruned, up to the last one before."""
        events: list[Event] = []
        while page := await self._store.events(job_id, SYSTEM, after=events[-1].seq if events else 0):
            events.extend(event for event in page if event.seq <= until)
            if page[-1].seq >= until:
                break
        return events


def _holder(delivery: Delivery) -> str:
    return delivery.endpoint or owner_secret(delivery.owner)


def _message(body: bytes | Exception, secrets: Sequence[bytes] | Exception) -> Message | Exception:
    if isinstance(body, Exception):
        return body
    return secrets if isinstance(secrets, Exception) else Message(body, secrets)


async def _each(action: Callable[[A], Awaitable[V]], arguments: Mapping[K, A]) -> dict[K, V | Exception]:
    """What becomes of each, side by side: the fault of one is its own, unless the store cannot be reached, which is raised."""

    async def tried(argument: A) -> V | Exception:
        try:
            return await action(argument)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  its own
            return error

    return dict(zip(arguments, await asyncio.gather(*map(tried, arguments.values())), strict=True))
