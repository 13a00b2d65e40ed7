"""A job's representation as a response."""

from starlette.responses import Response

from coatcheck.domain.job import JobRecord
from coatcheck.domain.outlook import Outlook
from coatcheck.http.call import Call
from coatcheck.http.inline import with_inline_result
from coatcheck.http.represent import encode, represent
from coatcheck.http.urls import Urls
from coatcheck.http.wiring import Wiring
from coatcheck.wire.headers import format_link
from coatcheck.wire.styling import styled


async def outlook(wiring: Wiring, job: JobRecord, ahead: int | None = None) -> Outlook | None:
    """What can be said of the job's time to come; None once it has ended. `ahead` as in `Jobs.outlook`."""
    return None if job.status.terminal else await wiring.jobs.outlook(job, ahead)


async def job_body(wiring: Wiring, job: JobRecord, urls: Urls, headers: dict[str, str], ahead: int | None = None) -> bytes:
    """The encoded representation; `Retry-After` is added to `headers` while the job has not ended. `ahead` as in `Jobs.outlook`."""
    style = wiring.style_of(job.operation)
    to_come = await outlook(wiring, job, ahead)
    if to_come is not None:
        headers["Retry-After"] = str(to_come.retry_after(style.retry_after))
    job = await with_inline_result(wiring, job, style)
    return encode(styled(represent(job, to_come, urls, wiring.clock.now(), style), style))


def pointers(job: JobRecord, urls: Urls) -> dict[str, str]:
    """The header fields that say where to follow the job."""
    status_url = urls.status(job.id)
    return {"Location": status_url, "Link": format_link(status_url, "status"), "Cache-Control": "no-store"}


async def changed_job(call: Call, job: JobRecord) -> Response:
    """202: what was asked of the job is under way, and this is how it stands."""
    headers = pointers(job, call.urls)
    body = await job_body(call.wiring, job, call.urls, headers)
    return Response(body, 202, headers, "application/json")
