"""`GET /jobs/{id}`: the truth about a job."""

from starlette.responses import Response

from coatcheck.http.answer import outlook
from coatcheck.http.call import Call
from coatcheck.http.represent import encode, represent
from coatcheck.wire.headers import format_weak_etag, none_match


async def status(call: Call) -> Response:
    """200 for every status, terminal ones too; 304 where the client has this version already."""
    job = await call.wiring.jobs.get(call.job_id, await call.viewer())
    etag = format_weak_etag(job.version)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    ahead = await outlook(call.wiring, job)
    if ahead is not None:
        headers["Retry-After"] = str(ahead.retry_after)
    if not none_match(call.request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    return Response(encode(represent(job, ahead, call.urls, call.wiring.clock.now())), 200, headers, "application/json")
