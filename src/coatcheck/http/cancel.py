"""`DELETE /jobs/{id}`: the client wants no result any more."""

from starlette.responses import Response

from coatcheck.domain.job import JobRecord
from coatcheck.domain.state import Status
from coatcheck.errors import JobAlreadyFinished
from coatcheck.http.access import name
from coatcheck.http.answer import changed_job
from coatcheck.http.call import Call
from coatcheck.http.waiting import moved, preferences


async def cancel(call: Call) -> Response:
    """204 once it is cancelled; 202 while its run has yet to stop; 409 where there is nothing left to cancel.

    A client that prefers to wait is answered when the run has stopped.
    """
    viewer = await call.viewer()
    job = await call.wiring.jobs.cancel(call.job_id, viewer, actor=name(viewer))
    seconds = preferences(call.request).window
    if seconds and not job.status.terminal:
        job = await moved(call.wiring, job, call.request, seconds=seconds)
    answer = await _answer(call, job)
    answer.headers["Vary"] = "Prefer"
    if seconds is not None:
        answer.headers["Preference-Applied"] = f"wait={seconds}"
    return answer


async def _answer(call: Call, job: JobRecord) -> Response:
    if job.status is Status.CANCELLED:
        return Response(status_code=204, headers={"Cache-Control": "no-store"})
    if job.status.terminal:
        raise JobAlreadyFinished("The run ended before it saw that it was to stop; its status URL says how.")
    return await changed_job(call, job)
