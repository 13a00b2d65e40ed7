"""What a webhook says: how a job stood when something happened to it."""

from typing import Any

import msgspec

from coatcheck.domain.endpoint import Endpoint, Occasion
from coatcheck.domain.job import JobRecord
from coatcheck.http.inline import with_inline_result
from coatcheck.http.represent import encode, represent
from coatcheck.http.urls import from_elsewhere
from coatcheck.http.wiring import Wiring
from coatcheck.wire.representation import Moment, moment
from coatcheck.wire.styling import styled


class Message(msgspec.Struct, frozen=True):
    """A message to an endpoint (Standard Webhooks 1.0)."""

    type: Occasion
    timestamp: Moment
    """When it happened, not when it is sent."""
    data: Any


async def message(wiring: Wiring, occasion: Occasion, job: JobRecord, at: float) -> bytes:
    """The body that tells of `occasion`: `job` as it was then, at the moment `at`.

    Of the time that was to come nothing is said: it is over when this is read. Raises JobExpired for a job that is no more.
    """
    style = wiring.style_of(job.operation)
    job = await with_inline_result(wiring, job, style)
    urls = from_elsewhere(None, wiring.settings, wiring.prefix)
    shown = styled(represent(job, None, urls, at, style), style)
    return encode(shown if style.webhook_body == "representation" else Message(occasion, moment(at), shown))


def trial_message(endpoint: Endpoint, at: float) -> bytes:
    """The body of a message that only shows that messages arrive."""
    return encode(Message(Occasion.TEST, moment(at), {"webhookId": endpoint.id}))
