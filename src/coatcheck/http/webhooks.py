"""`/webhooks`: where an owner wants to be told of its jobs."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType
from starlette.responses import Response

from coatcheck.domain.endpoint import Endpoint, Occasion
from coatcheck.http.access import name
from coatcheck.http.body import read_json
from coatcheck.http.call import Call
from coatcheck.http.limits import admit_poll
from coatcheck.http.page import page_response
from coatcheck.http.represent import encode
from coatcheck.push.endpoints import OVERLAP
from coatcheck.push.target import MAX_URL
from coatcheck.store.deliveries import EndpointChange
from coatcheck.wire.representation import Moment, moment

LONGEST_OVERLAP = 7 * 86400
"""Seconds for which a secret that was replaced stays in force at most."""

Url = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=MAX_URL, description="Where messages are posted: `https://`, and nowhere inside our network."),
]
Selectable = Literal["job.completed", "job.failed", "job.cancelled", "job.started", "job.progress"]
Events = Annotated[
    tuple[Selectable, ...],
    msgspec.Meta(min_length=1, description="What is told. Default: how jobs end."),
]


class Registration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A webhook to be."""

    url: Url
    events: Events = ("job.completed", "job.failed", "job.cancelled")


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be another about a webhook; what is left out stays as it is."""

    url: Url | UnsetType = UNSET
    events: Events | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET


class Rotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a secret is replaced."""

    overlap: Annotated[
        int, msgspec.Meta(ge=0, le=LONGEST_OVERLAP, description="Seconds for which messages are signed with the old secret, too.")
    ] = int(OVERLAP)


class Webhook(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A URL that an owner registered."""

    webhook_id: str
    url: str
    events: Sequence[Occasion]
    created_at: Moment
    disabled: bool
    """Whether nothing is sent there: its owner said so, or it answered 410."""
    disabled_at: Moment | None
    disabled_reason: str | None


class WebhookWithSecret(Webhook, frozen=True, kw_only=True, rename="camel"):
    """A URL that an owner registered, with a secret that was just made."""

    secret: str
    """What messages are signed with. It is shown this once."""


async def listing(call: Call) -> Response:
    """The viewer's webhooks, oldest first, on one page."""
    viewer = await call.viewer()
    admit_poll(call, viewer)
    return page_response([_shown(endpoint) for endpoint in await call.wiring.endpoints.list(viewer)], None)


async def register(call: Call) -> Response:
    """201, with the secret."""
    viewer = await call.viewer()
    admit_poll(call, viewer)
    wanted = await read_json(call, Registration)
    endpoint, secret = await call.wiring.endpoints.add(name(viewer), wanted.url, frozenset(map(Occasion, wanted.events)))
    return _response(_with_secret(endpoint, secret), 201, {"Location": f"{call.urls.base}/webhooks/{endpoint.id}"})


async def show(call: Call) -> Response:
    """One of them."""
    viewer = await call.viewer()
    admit_poll(call, viewer)
    return _response(_shown(await call.wiring.endpoints.get(_id(call), viewer)))


async def change(call: Call) -> Response:
    """The webhook as it is then; what is owed to it goes to the new URL."""
    viewer = await call.viewer()
    admit_poll(call, viewer)
    endpoint = await call.wiring.endpoints.get(_id(call), viewer)
    wanted = await read_json(call, Change)
    changes = EndpointChange(
        url=wanted.url or None,
        occasions=frozenset(map(Occasion, wanted.events)) if wanted.events else None,
        disabled=None if wanted.disabled is UNSET else wanted.disabled,
    )
    return _response(_shown(await call.wiring.endpoints.change(endpoint.id, viewer, changes)))


async def remove(call: Call) -> Response:
    """204; what is still owed to it is not sent."""
    viewer = await call.viewer()
    admit_poll(call, viewer)
    await call.wiring.endpoints.remove(_id(call), viewer)
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


async def rotate(call: Call) -> Response:
    """The webhook, with a new secret."""
    viewer = await call.viewer()
    admit_poll(call, viewer)
    endpoint = await call.wiring.endpoints.get(_id(call), viewer)
    wanted = await read_json(call, Rotation)
    return _response(_with_secret(*await call.wiring.endpoints.rotate(endpoint.id, viewer, wanted.overlap)))


def _id(call: Call) -> str:
    """The webhook that the path names, as the client wrote it."""
    webhook_id: str = call.request.path_params["webhook_id"]
    return webhook_id


def _response(body: Webhook, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(encode(body), status, {"Cache-Control": "no-store", **(headers or {})}, "application/json")


def _members(endpoint: Endpoint) -> dict[str, object]:
    return {
        "webhook_id": endpoint.id,
        "url": endpoint.url,
        "events": sorted(endpoint.occasions),
        "created_at": moment(endpoint.created_at),
        "disabled": endpoint.disabled_at is not None,
        "disabled_at": moment(endpoint.disabled_at),
        "disabled_reason": endpoint.disabled_reason,
    }


def _shown(endpoint: Endpoint) -> Webhook:
    return Webhook(**_members(endpoint))  # type: ignore[arg-type]  # the members above


def _with_secret(endpoint: Endpoint, secret: str) -> WebhookWithSecret:
    return WebhookWithSecret(**_members(endpoint), secret=secret)  # type: ignore[arg-type]  # likewise
