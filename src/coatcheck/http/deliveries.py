"""What was sent of jobs, and what came of it: `/jobs/{id}/deliveries`, `/deliveries`."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from starlette.datastructures import QueryParams
from starlette.responses import Response

from coatcheck.domain.delivery import Delivery, DeliveryAttempt, DeliveryStatus
from coatcheck.domain.endpoint import Occasion
from coatcheck.domain.owner import Viewer
from coatcheck.errors import DeliveryNotFound, InvalidParameter
from coatcheck.http import query
from coatcheck.http.call import Call
from coatcheck.http.limits import admit_poll, admit_trial
from coatcheck.http.message import trial_message
from coatcheck.http.page import page_response
from coatcheck.http.represent import encode
from coatcheck.ids import is_message_id
from coatcheck.wire.representation import Moment, moment


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What came of sending a message once."""

    number: int
    at: Moment
    duration: float
    """Seconds."""
    status: int | None
    """The HTTP status; null where there was no answer."""
    error: str | None
    """What went wrong; null where it was delivered."""
    answer: str
    """How the answer's body began."""


class Sending(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A message that is owed, or was, to one URL."""

    delivery_id: str
    """The `webhook-id` of all its attempts."""
    type: Occasion
    status: DeliveryStatus
    """`dead`: given up, until it is sent again by hand."""
    url: str
    event: int | None
    """Number of the job's event that it tells of."""
    webhook_id: str | None
    """The registered webhook; null where the job was submitted with a URL of its own."""
    job_id: str | None
    """The job that it tells of; null for a test message."""
    created_at: Moment
    next_attempt_at: Moment | None
    attempts: Sequence[Attempt]


async def of_job(call: Call) -> Response:
    """A page of a job's deliveries, newest first."""
    viewer = await call.viewer()
    admit_poll(call, viewer)
    job = await call.wiring.jobs.get(call.job_id, viewer)
    return await _page(call, viewer, call.urls.part(job.id, "deliveries"), job.id)


async def listing(call: Call) -> Response:
    """A page of all the viewer's deliveries, newest first."""
    viewer = await call.viewer()
    admit_poll(call, viewer)
    return await _page(call, viewer, f"{call.urls.base}/deliveries", None)


async def redeliver(call: Call) -> Response:
    """202: the message is sent again, from now on and under its id, with a fresh schedule."""
    viewer = await call.viewer()
    admit_poll(call, viewer)
    job = await call.wiring.jobs.get(call.job_id, viewer)
    delivery_id: str = call.request.path_params["delivery_id"]
    found = await call.wiring.deliveries.delivery(delivery_id, viewer) if is_message_id(delivery_id) else None
    if found is None or found.job_id != job.id:
        raise DeliveryNotFound
    return _response(await call.wiring.endpoints.redeliver(found, viewer))


async def test(call: Call) -> Response:
    """202: a message that shows whether messages arrive is on its way."""
    viewer = await call.viewer()
    admit_trial(call, viewer)
    endpoint = await call.wiring.endpoints.get(call.request.path_params["webhook_id"], viewer)
    return _response(await call.wiring.endpoints.owe(endpoint, trial_message(endpoint, call.wiring.clock.now())))


async def _page(call: Call, viewer: Viewer, url: str, job_id: str | None) -> Response:
    parameters = call.request.query_params
    limit = query.number(parameters, "limit", default=50, least=1, most=200)
    cursor = query.cursor(parameters, "cursor")
    found = await call.wiring.deliveries.deliveries(
        viewer,
        job_id=job_id,
        status=_status(parameters),
        before=None if cursor is None else f"msg_{UUID(cursor).hex}",
        limit=limit + 1,  # one more tells whether there is a next page
    )
    shown, following = found[:limit], None
    if len(found) > limit:
        following = query.following(url, parameters, {"cursor": shown[-1].id.removeprefix("msg_")})
    return page_response([_shown(delivery) for delivery in shown], following)


def _status(parameters: QueryParams) -> DeliveryStatus | None:
    text = parameters.get("status")
    if text is not None and text not in set(DeliveryStatus):
        raise InvalidParameter(f"status={text[:50]!r}: the statuses are {', '.join(DeliveryStatus)}.")
    return None if text is None else DeliveryStatus(text)


def _response(delivery: Delivery) -> Response:
    return Response(encode(_shown(delivery)), 202, {"Cache-Control": "no-store"}, "application/json")


def _shown(delivery: Delivery) -> Sending:
    return Sending(
        delivery_id=delivery.id,
        type=delivery.occasion,
        status=delivery.status,
        url=delivery.url,
        event=delivery.event,
        webhook_id=delivery.endpoint,
        job_id=delivery.job_id,
        created_at=moment(delivery.created_at),
        next_attempt_at=moment(delivery.next_at),
        attempts=[_attempt(attempt) for attempt in delivery.history],
    )


def _attempt(attempt: DeliveryAttempt) -> Attempt:
    return Attempt(
        number=attempt.number,
        at=moment(attempt.at),
        duration=attempt.duration,
        status=attempt.status,
        error=attempt.error,
        answer=attempt.answer.decode("utf-8", "replace"),
    )
