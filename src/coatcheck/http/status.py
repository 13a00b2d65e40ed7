"""`GET /jobs/{id}`: the truth about a job."""

from starlette.responses import Response

from coatcheck.domain.job import JobRecord
from coatcheck.domain.state import Status
from coatcheck.http.answer import job_body
from coatcheck.http.call import Call
from coatcheck.http.deliver import deliver
from coatcheck.http.limits import admit_poll
from coatcheck.http.waiting import moved, preferences
from coatcheck.wire.headers import format_link, format_weak_etag, none_match
from coatcheck.wire.style import HttpStyle


async def status(call: Call) -> Response:
    """How the job stands, at once or, where the client prefers to wait, when there is something to tell."""
    viewer = await call.viewer()
    admit_poll(call, viewer)
    job = await call.wiring.jobs.get(call.job_id, viewer)
    seconds = preferences(call.request).window
    if seconds is not None:
        job = await _worth_telling(call, job, seconds)
    answer = await _answer(call, job, call.wiring.style_of(job.operation))
    answer.headers["Vary"] = "Prefer"
    if seconds is not None:
        answer.headers["Preference-Applied"] = f"wait={seconds}"
    return answer


async def _worth_telling(call: Call, job: JobRecord, seconds: int) -> JobRecord:
    """The job of another version than the client has; to a client that has none, the job that ended."""
    condition = call.request.headers.get("if-none-match")
    if condition is None:
        return await moved(call.wiring, job, call.request, seconds=seconds)
    if none_match(condition, format_weak_etag(job.version)):
        return job
    return await moved(call.wiring, job, call.request, seconds=seconds, beyond=job.version)


async def _answer(call: Call, job: JobRecord, style: HttpStyle) -> Response:
    match style.completed, job.status:
        case "redirect", Status.COMPLETED | Status.FAILED:
            headers = {"Location": call.urls.part(job.id, style.segment("result")), "Cache-Control": "private, no-cache"}
            return Response(status_code=303, headers=headers)
        case "body", Status.COMPLETED:
            answer = await deliver(call.wiring, job, call.urls, call.request)
            answer.headers["Link"] = format_link(call.urls.status(job.id), "status")  # it is the result, and not the status
            return answer
        case _:
            return await _representation(call, job, style)


async def _representation(call: Call, job: JobRecord, style: HttpStyle) -> Response:
    """200, terminal statuses too, or what the style has for pending ones; 304 where the client has this version already."""
    headers = {"ETag": format_weak_etag(job.version), "Cache-Control": "private, no-cache"}
    body = await job_body(call.wiring, job, call.urls, headers)
    if not none_match(call.request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, 200 if job.status.terminal else style.pending_status, headers, "application/json")
