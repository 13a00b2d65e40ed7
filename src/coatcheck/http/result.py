"""`GET /jobs/{id}/result`: what the synchronous endpoint would have answered."""

from starlette.responses import Response

from coatcheck.http.call import Call
from coatcheck.http.deliver import deliver
from coatcheck.http.limits import admit_poll


async def result(call: Call) -> Response:
    """The job's result; 409 until there is one, the problem where it failed."""
    viewer = await call.viewer()
    admit_poll(call, viewer)
    job = await call.wiring.jobs.get(call.job_id, viewer)
    return await deliver(call.wiring, job, call.urls, call.request)
