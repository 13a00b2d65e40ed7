"""`GET /jobs`: the viewer's own jobs, newest first."""

from starlette.responses import Response

from coatcheck.domain.job import JobRecord
from coatcheck.http import query
from coatcheck.http.answer import outlook
from coatcheck.http.call import Call
from coatcheck.http.limits import admit_poll
from coatcheck.http.page import page_response
from coatcheck.http.represent import represent
from coatcheck.store.contract import Listing
from coatcheck.wire.styling import styled

MOST = 200
"""Jobs on one page at most."""


async def listing(call: Call) -> Response:
    """A page of representations; results do not come along."""
    viewer = await call.viewer()
    admit_poll(call, viewer)
    wanted = _wanted(call)
    found = await call.wiring.jobs.list(viewer, wanted)
    shown, now = found[: wanted.limit - 1], call.wiring.clock.now()
    items = [await _item(call, job, now) for job in shown]
    following = None
    if len(found) > len(shown):
        following = query.following(call.urls.jobs, call.request.query_params, {"cursor": query.seal(shown[-1].id)})
    return page_response(items, following)


async def _item(call: Call, job: JobRecord, now: float) -> object:
    style = call.wiring.style_of(job.operation)
    return styled(represent(job, await outlook(call.wiring, job), call.urls, now, style), style)


def _wanted(call: Call) -> Listing:
    parameters = call.request.query_params
    return Listing(
        statuses=query.statuses(parameters, "status", call.wiring.style),
        operation=parameters.get("operation"),
        created_after=query.moment(parameters, "createdAfter"),
        created_before=query.moment(parameters, "createdBefore"),
        before=query.cursor(parameters, "cursor"),
        limit=query.number(parameters, "limit", default=50, least=1, most=MOST) + 1,  # one more tells whether there is a next page
    )
