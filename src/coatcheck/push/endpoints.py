"""What owners do with webhooks: where they want to be told, and what their messages are signed with."""

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import TypeVar

from coatcheck.clock import Clock
from coatcheck.domain.delivery import Delivery
from coatcheck.domain.endpoint import ENDINGS, Endpoint, Occasion, Secret
from coatcheck.domain.owner import Viewer
from coatcheck.errors import (
    DeliveryNotFound,
    NotConfigured,
    TooManySecrets,
    TooManyWebhooks,
    WebhookDisabled,
    WebhookNotFound,
    WebhookSecretMissing,
)
from coatcheck.ids import is_endpoint_id, new_endpoint_id, new_message_id
from coatcheck.push.target import Guard
from coatcheck.secrets import Seal
from coatcheck.settings import Settings
from coatcheck.store.deliveries import BY_OWNER, Deliveries, EndpointChange, owner_secret
from coatcheck.telemetry import Telemetry
from coatcheck.wire.signatures import new_secret, parse_secret

T = TypeVar("T")

MOST = 20
"""Endpoints that one owner may have."""
MOST_SECRETS = 10
"""Secrets that a holder may have in force at the same time."""
OVERLAP = timedelta(days=1).total_seconds()
"""Seconds for which a secret that was replaced is in force unless its owner wants it otherwise."""


class Endpoints:
    """The endpoints of owners. Where webhooks are not set up, whatever makes a secret or a message raises NotConfigured."""

    def __init__(self, store: Deliveries, guard: Guard, settings: Settings, clock: Clock, telemetry: Telemetry) -> None:
        self._store, self._guard, self._settings, self._clock, self._telemetry = store, guard, settings, clock, telemetry

    async def add(self, owner: str, url: str, occasions: frozenset[Occasion] = ENDINGS) -> tuple[Endpoint, str]:
        """Register a URL; the endpoint, and its secret, which is never shown again.

        Raises DestinationNotAllowed and TooManyWebhooks.
        """
        seal = self._seal
        self._guard.check(url)
        secret = new_secret()
        endpoint = Endpoint(id=new_endpoint_id(), owner=owner, url=url, occasions=occasions, created_at=self._clock.now())
        sealed = seal.seal(parse_secret(secret), endpoint.id)
        if not await self._store.add_endpoint(endpoint, sealed, limit=MOST):
            raise TooManyWebhooks(f"You have {MOST} webhooks registered, which is as many as you may. Remove one first.")
        return endpoint, secret

    async def list(self, viewer: Viewer) -> Sequence[Endpoint]:
        """The viewer's, oldest first."""
        return await self._store.endpoints(viewer)

    async def get(self, endpoint_id: str, viewer: Viewer) -> Endpoint:
        """One of them. Raises WebhookNotFound: unknown, malformed, or another owner's."""
        return _present(await self._store.endpoint(endpoint_id, viewer) if is_endpoint_id(endpoint_id) else None)

    async def change(self, endpoint_id: str, viewer: Viewer, change: EndpointChange) -> Endpoint:
        """The endpoint as it is then. Raises DestinationNotAllowed and WebhookNotFound."""
        await self.get(endpoint_id, viewer)
        if change.url is not None:
            self._guard.check(change.url)
        changed = _present(await self._store.change_endpoint(endpoint_id, viewer, change))
        self._tell(changed.endpoint, changed.given_up, BY_OWNER)
        return changed.endpoint

    async def remove(self, endpoint_id: str, viewer: Viewer) -> None:
        """Send nothing more there, and forget it. Raises WebhookNotFound."""
        endpoint = await self.get(endpoint_id, viewer)
        self._tell(endpoint, _present(await self._store.remove_endpoint(endpoint_id, viewer)), "Its owner removed it.")

    async def rotate(self, endpoint_id: str, viewer: Viewer, overlap: float = OVERLAP) -> tuple[Endpoint, str]:
        """Give an endpoint a new secret, which is never shown again. For `overlap` seconds messages are signed with both.

        Raises WebhookNotFound and TooManySecrets.
        """
        self.require_set_up()
        endpoint = await self.get(endpoint_id, viewer)
        return endpoint, await self._renew(endpoint.id, overlap)

    async def owe(self, endpoint: Endpoint, body: bytes) -> Delivery:
        """Have a message sent to the endpoint that tells of no job. Raises WebhookDisabled."""
        self.require_set_up()
        if endpoint.disabled_at is not None:
            raise WebhookDisabled
        now = self._clock.now()
        delivery = Delivery(
            id=new_message_id(),
            owner=endpoint.owner,
            occasion=Occasion.TEST,
            url=endpoint.url,
            endpoint=endpoint.id,
            created_at=now,
            next_at=now,
        )
        await self._store.owe(delivery, body)
        return delivery

    async def redeliver(self, delivery: Delivery, viewer: Viewer) -> Delivery:
        """Have a message sent again. Raises WebhookDisabled where nothing is sent to its endpoint, and DeliveryNotFound."""
        self.require_set_up()
        if delivery.endpoint is not None:
            endpoint = await self._store.endpoint(delivery.endpoint, viewer)
            if endpoint is None:
                raise WebhookDisabled("The webhook that this message was for has been removed, so it cannot be sent again.")
            if endpoint.disabled_at is not None:
                raise WebhookDisabled
        owed = await self._store.redeliver(delivery.id, viewer)
        if owed is None:
            raise DeliveryNotFound
        return owed

    async def owner_secrets(self, owner: str) -> Sequence[Secret]:
        """What the webhooks of an owner's single jobs are signed with, newest first; nothing before the first was made."""
        return await self._store.secrets(owner_secret(owner))

    async def renew_owner_secret(self, owner: str, overlap: float = OVERLAP) -> str:
        """Make an owner's first secret, or a new one as `rotate` does. Raises TooManySecrets."""
        return await self._renew(owner_secret(owner), overlap)

    async def check_callback(self, owner: str, url: str) -> None:
        """Let a job of the owner's tell a URL how it ended. Raises DestinationNotAllowed and WebhookSecretMissing."""
        self.require_set_up()
        self._guard.check(url)
        if not await self.owner_secrets(owner):
            raise WebhookSecretMissing

    def _tell(self, endpoint: Endpoint, given_up: int, reason: str) -> None:
        if given_up:
            self._telemetry.emit("deliveries.given_up", deliveries=given_up, endpoint=endpoint.id, owner=endpoint.owner, reason=reason)

    async def _renew(self, holder: str, overlap: float) -> str:
        seal, secret = self._seal, new_secret()
        if len(await self._store.secrets(holder)) >= MOST_SECRETS:
            raise TooManySecrets
        await self._store.add_secret(holder, seal.seal(parse_secret(secret), holder), overlap=overlap)
        return secret

    def require_set_up(self) -> None:
        """Raise NotConfigured where nothing would be sent."""
        _ = self._seal

    @cached_property
    def _sealing(self) -> Seal:
        return Seal(self._settings.secret)

    @property
    def _seal(self) -> Seal:
        """What secrets are sealed with, once everything is set up. Raises NotConfigured."""
        if not self._settings.public_url:
            raise NotConfigured(
                "Webhooks take absolute URLs: set COATCHECK_PUBLIC_URL to the scheme and authority by which this application is reached, "
                "as in https://api.example.com."
            )
        return self._sealing


def _present(found: T | None) -> T:
    if found is None:
        raise WebhookNotFound
    return found
