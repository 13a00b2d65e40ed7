"""`POST /jobs/{id}/events/ticket`: a URL that lets whoever has it read one job's events, for a while.

Browsers send no header fields of a page's choice with an EventSource or a WebSocket: what such a reader may see has to stand
in the URL. A ticket says nothing but until when it counts, and is signed for its job.
"""

import hmac
import re
from contextlib import suppress
from datetime import datetime
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from coatcheck.errors import NotConfigured, Unauthenticated
from coatcheck.http.call import Call
from coatcheck.http.limits import admit_poll
from coatcheck.http.represent import encode
from coatcheck.secrets import derive
from coatcheck.settings import Settings
from coatcheck.wire.representation import moment

LIFETIME = 3600
"""Seconds for which a ticket counts."""
PARAMETER = "ticket"
"""What it is called in the query."""
_TICKET = re.compile(r"([0-9]{1,12})\.([0-9a-f]{64})", re.ASCII)


class Ticket(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where a job's events can be read, and until when."""

    url: str
    expires_at: datetime


async def ticket(call: Call) -> Response:
    """201 with the URL. Raises NotConfigured where there is nothing to sign it with."""
    viewer = await call.viewer()
    admit_poll(call, viewer)
    job = await call.wiring.jobs.get(call.job_id, viewer)
    expires = int(call.wiring.clock.now()) + LIFETIME
    signature, *_ = _signatures(call.wiring.settings, job.id, expires)
    events = call.urls.part(job.id, call.wiring.style.segment("events"))
    made = Ticket(url=f"{events}?{urlencode({PARAMETER: f'{expires}.{signature}'})}", expires_at=moment(expires))
    return Response(encode(made), 201, {"Cache-Control": "no-store"}, "application/json")


def seconds_left(settings: Settings, job_id: str, ticket: str, now: float) -> float:
    """For how long a ticket still lets its bearer read the job's events. Raises Unauthenticated for one that does not."""
    found = _TICKET.fullmatch(ticket)
    expires, given = (int(found[1]), found[2]) if found else (0, "")
    signatures: list[str] = []
    with suppress(NotConfigured):  # whoever signed it, it was not this application
        signatures = _signatures(settings, job_id, expires)
    if not any([hmac.compare_digest(signature, given) for signature in signatures]):  # noqa: C419  all, always
        raise Unauthenticated("This is no ticket for the events of this job. Ask for one: POST to the events URL + /ticket.")
    if expires <= now:
        raise Unauthenticated("This ticket has expired. Ask for another: POST to the events URL + /ticket.")
    return expires - now


def _signatures(settings: Settings, job_id: str, expires: int) -> list[str]:
    """With each of the secrets, the newest first. Raises NotConfigured where there is none."""
    signed = f"{job_id} {expires}".encode()
    return [hmac.digest(key, signed, "sha256").hex() for key in derive(settings.secret, "event tickets")]
