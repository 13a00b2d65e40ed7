"""What the PostgreSQL store does for webhooks, verb by verb."""

from collections.abc import Mapping, Sequence

from coatcheck.domain.delivery import Delivery, DeliveryClaim, DeliveryStatus, Recorded, Tried
from coatcheck.domain.endpoint import Endpoint, Secret
from coatcheck.domain.owner import Viewer
from coatcheck.store.deliveries import Due, EndpointChange, EndpointChanged
from coatcheck.store.postgres import deliveries, dispatch, endpoints
from coatcheck.store.postgres.database import PostgresDatabase


class PostgresWebhooks(PostgresDatabase):
    """`coatcheck.store.deliveries.Deliveries`."""

    # Owners' side ------------------------------------------------------------------------------------------------

    async def add_endpoint(self, endpoint: Endpoint, sealed: bytes, *, limit: int) -> bool:
        return await endpoints.add_endpoint(self._db, endpoint, sealed, limit)

    async def endpoints(self, viewer: Viewer) -> Sequence[Endpoint]:
        return await endpoints.endpoints(self._db, viewer)

    async def endpoint(self, endpoint_id: str, viewer: Viewer) -> Endpoint | None:
        return await endpoints.endpoint(self._db, endpoint_id, viewer)

    async def change_endpoint(self, endpoint_id: str, viewer: Viewer, change: EndpointChange) -> EndpointChanged | None:
        changed = await endpoints.change_endpoint(self._db, endpoint_id, viewer, change)
        self._watch.ring()
        return changed

    async def remove_endpoint(self, endpoint_id: str, viewer: Viewer) -> int | None:
        return await endpoints.remove_endpoint(self._db, endpoint_id, viewer)

    async def secrets(self, holder: str) -> Sequence[Secret]:
        return await endpoints.secrets(self._db, holder)

    async def add_secret(self, holder: str, sealed: bytes, *, overlap: float) -> Secret:
        return await endpoints.add_secret(self._db, holder, sealed, overlap)

    async def deliveries(
        self,
        viewer: Viewer,
        *,
        job_id: str | None = None,
        status: DeliveryStatus | None = None,
        before: str | None = None,
        limit: int = 100,
    ) -> Sequence[Delivery]:
        return await deliveries.deliveries(self._db, viewer, job_id, status, before, limit)

    async def delivery(self, delivery_id: str, viewer: Viewer) -> Delivery | None:
        return await deliveries.delivery(self._db, delivery_id, viewer)

    async def redeliver(self, delivery_id: str, viewer: Viewer) -> Delivery | None:
        delivery = await deliveries.redeliver(self._db, delivery_id, viewer)
        self._watch.ring()
        return delivery

    async def owe(self, delivery: Delivery, body: bytes) -> None:
        await deliveries.owe(self._db, delivery, body)
        self._watch.ring()

    # Dispatchers' side -------------------------------------------------------------------------------------------

    async def claim_deliveries(self, dispatcher: str, due: Due) -> Sequence[DeliveryClaim]:
        return await dispatch.claim_deliveries(self._db, dispatcher, due)

    async def freeze(self, bodies: Mapping[str, bytes]) -> Mapping[str, bytes]:
        return await dispatch.freeze(self._db, bodies)

    async def settle_delivery(self, claim: DeliveryClaim, tried: Tried, *, dispatcher: str) -> Recorded | None:
        return await dispatch.settle_delivery(self._db, claim, tried, dispatcher)

    async def release_deliveries(self, dispatcher: str) -> int:
        released = await dispatch.release_deliveries(self._db, dispatcher)
        if released:
            self._watch.ring()
        return released

    async def dead_deliveries(self) -> int:
        return await deliveries.dead_deliveries(self._db)
