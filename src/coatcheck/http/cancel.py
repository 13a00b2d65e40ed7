"""`DELETE /jobs/{id}`: the client wants no result any more."""

from starlette.responses import Response

from coatcheck.domain.state import Status
from coatcheck.http.access import name
from coatcheck.http.answer import changed_job
from coatcheck.http.call import Call


async def cancel(call: Call) -> Response:
    """204 once it is cancelled; 202 while its run has yet to stop; 409 where there is nothing left to cancel."""
    viewer = await call.viewer()
    job = await call.wiring.jobs.cancel(call.job_id, viewer, actor=name(viewer))
    if job.status is Status.CANCELLED:
        return Response(status_code=204, headers={"Cache-Control": "no-store"})
    return await changed_job(call, job)
