"""`GET /jobs/{id}/events`: what happened to a job, and who caused it."""

import msgspec
from starlette.responses import Response

from coatcheck.domain.event import Event, EventType
from coatcheck.domain.state import Status
from coatcheck.http import query
from coatcheck.http.call import Call
from coatcheck.http.limits import admit_poll
from coatcheck.http.page import page_response
from coatcheck.store.contract import LogEntry
from coatcheck.wire.representation import Moment, moment


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """An event as the history shows it."""

    seq: int
    type: EventType
    at: Moment
    status: Status
    attempt: int
    actor: str
    worker: str | None
    reason: str | None


async def history(call: Call) -> Response:
    """A page of the job's events, oldest first, from the one after `after`."""
    viewer, parameters = await call.viewer(), call.request.query_params
    admit_poll(call, viewer)
    after = query.number(parameters, "after", default=0, least=0, most=2**53)
    limit = query.number(parameters, "limit", default=100, least=1, most=1000)
    found = await call.wiring.jobs.events(call.job_id, viewer, after=after, limit=limit + 1)
    shown = found[:limit]
    following = None
    if len(found) > limit:
        url = call.urls.part(call.job_id, call.wiring.style.segment("events"))
        following = query.following(url, parameters, {"after": str(shown[-1].seq)})
    return page_response([_row(event) for event in shown], following)


def _row(event: Event) -> Row:
    return Row(
        seq=event.seq,
        type=event.type,
        at=moment(event.at),
        status=event.status,
        attempt=event.attempt,
        actor=event.actor,
        worker=event.worker,
        reason=_line(event.data) if event.type is EventType.LOG and event.data else event.reason,
    )


def _line(data: bytes) -> str:
    """What the run wrote into the history."""
    return msgspec.json.decode(data, type=LogEntry).message
