"""`/webhooks/secret`: what the webhooks of an owner's single jobs (`webhookUrl`) are signed with."""

import msgspec
from starlette.responses import Response

from coatcheck.http.access import name
from coatcheck.http.body import read_json
from coatcheck.http.call import Call
from coatcheck.http.limits import admit_poll
from coatcheck.http.represent import encode
from coatcheck.http.webhooks import Rotation
from coatcheck.wire.representation import Moment, moment


class OwnerSecret(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether an owner has a secret; it is not shown again."""

    created_at: Moment | None
    """When it was made; null where there is none."""
    replaces_until: Moment | None
    """Until when messages are signed with the one before it, too; null where there is none."""


class NewOwnerSecret(OwnerSecret, frozen=True, kw_only=True, rename="camel"):
    """A secret that was just made."""

    secret: str
    """What messages are signed with. It is shown this once."""


async def look(call: Call) -> Response:
    """Whether there is one, and since when."""
    viewer = await call.viewer()
    admit_poll(call, viewer)
    return _response(OwnerSecret(**await _known(call, name(viewer))))


async def renew(call: Call) -> Response:
    """201: the owner's first secret, or a new one."""
    viewer = await call.viewer()
    admit_poll(call, viewer)
    wanted = await read_json(call, Rotation)
    secret = await call.wiring.endpoints.renew_owner_secret(name(viewer), wanted.overlap)
    return _response(NewOwnerSecret(**await _known(call, name(viewer)), secret=secret), 201)


async def _known(call: Call, owner: str) -> dict[str, Moment | None]:
    secrets = await call.wiring.endpoints.owner_secrets(owner)
    return {
        "created_at": moment(secrets[0].created_at) if secrets else None,
        "replaces_until": moment(secrets[1].ends_at) if len(secrets) > 1 else None,
    }


def _response(body: OwnerSecret, status: int = 200) -> Response:
    return Response(encode(body), status, {"Cache-Control": "no-store"}, "application/json")
