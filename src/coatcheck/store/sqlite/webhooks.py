"""What the SQLite store does for webhooks, verb by verb."""

from collections.abc import Mapping, Sequence

from coatcheck.domain.delivery import Delivery, DeliveryClaim, DeliveryStatus, Recorded, Tried
from coatcheck.domain.endpoint import Endpoint, Secret
from coatcheck.domain.owner import Viewer
from coatcheck.store.deliveries import Due, EndpointChange, EndpointChanged
from coatcheck.store.sqlite import deliveries, dispatch, endpoints
from coatcheck.store.sqlite.database import SQLiteDatabase


class SQLiteWebhooks(SQLiteDatabase):
    """`coatcheck.store.deliveries.Deliveries`."""

    # Owners' side ------------------------------------------------------------------------------------------------

    async def add_endpoint(self, endpoint: Endpoint, sealed: bytes, *, limit: int) -> bool:
        return await self._writer.write(lambda db: endpoints.add_endpoint(db, endpoint, sealed, limit), quiet=True)

    async def endpoints(self, viewer: Viewer) -> Sequence[Endpoint]:
        return self._readers.read(lambda db: endpoints.endpoints(db, viewer))

    async def endpoint(self, endpoint_id: str, viewer: Viewer) -> Endpoint | None:
        return self._readers.read(lambda db: endpoints.endpoint(db, endpoint_id, viewer))

    async def change_endpoint(self, endpoint_id: str, viewer: Viewer, change: EndpointChange) -> EndpointChanged | None:
        return await self._writer.write(lambda db: endpoints.change_endpoint(db, endpoint_id, viewer, change, self._clock.now()))

    async def remove_endpoint(self, endpoint_id: str, viewer: Viewer) -> int | None:
        return await self._writer.write(lambda db: endpoints.remove_endpoint(db, endpoint_id, viewer), quiet=True)

    async def secrets(self, holder: str) -> Sequence[Secret]:
        return self._readers.read(lambda db: endpoints.secrets(db, holder, self._clock.now()))

    async def add_secret(self, holder: str, sealed: bytes, *, overlap: float) -> Secret:
        return await self._writer.write(lambda db: endpoints.add_secret(db, holder, sealed, overlap, self._clock.now()), quiet=True)

    async def deliveries(
        self,
        viewer: Viewer,
        *,
        job_id: str | None = None,
        status: DeliveryStatus | None = None,
        before: str | None = None,
        limit: int = 100,
    ) -> Sequence[Delivery]:
        return self._readers.read(lambda db: deliveries.deliveries(db, viewer, job_id, status, before, limit))

    async def delivery(self, delivery_id: str, viewer: Viewer) -> Delivery | None:
        return self._readers.read(lambda db: deliveries.delivery(db, delivery_id, viewer))

    async def redeliver(self, delivery_id: str, viewer: Viewer) -> Delivery | None:
        return await self._writer.write(lambda db: deliveries.redeliver(db, delivery_id, viewer, self._clock.now()))

    async def owe(self, delivery: Delivery, body: bytes) -> None:
        await self._writer.write(lambda db: deliveries.owe(db, delivery, body, self._clock.now()))
        self._watch.ring()

    # Dispatchers' side -------------------------------------------------------------------------------------------

    async def claim_deliveries(self, dispatcher: str, due: Due) -> Sequence[DeliveryClaim]:
        if due.limit <= 0 or not self._readers.read(lambda db: dispatch.targets_due(db, due, self._clock.now(), self._clock.boot())):
            return []
        return await self._writer.write(
            lambda db: dispatch.claim_deliveries(db, dispatcher, due, self._clock.now(), self._clock.boot()), quiet=True
        )

    async def freeze(self, bodies: Mapping[str, bytes]) -> Mapping[str, bytes]:
        return await self._writer.write(lambda db: dispatch.freeze(db, bodies), quiet=True)

    async def settle_delivery(self, claim: DeliveryClaim, tried: Tried, *, dispatcher: str) -> Recorded | None:
        return await self._writer.write(lambda db: dispatch.settle_delivery(db, claim, tried, dispatcher, self._clock.now()), quiet=True)

    async def release_deliveries(self, dispatcher: str) -> int:
        return await self._writer.write(lambda db: dispatch.release_deliveries(db, dispatcher, self._clock.now()))

    async def dead_deliveries(self) -> int:
        return self._readers.read(deliveries.dead_deliveries)
