"""`POST /jobs/{id}/retry`: a new life for a failed or cancelled job."""

from starlette.responses import Response

from coatcheck.http.access import name
from coatcheck.http.answer import changed_job
from coatcheck.http.call import Call


async def retry(call: Call) -> Response:
    """202; 409 for a job in any other status."""
    viewer = await call.viewer()
    return await changed_job(call, await call.wiring.jobs.retry(call.job_id, viewer, actor=name(viewer)))
