"""A job's result as the answer that a synchronous call would have got."""

from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from coatcheck.domain.created import Created
from coatcheck.domain.job import JobRecord
from coatcheck.domain.result import Result
from coatcheck.errors import RangeNotSatisfiable, ResultNotReady
from coatcheck.http.problems import error_response
from coatcheck.http.ranges import requested_range
from coatcheck.http.represent import created_url, encode
from coatcheck.http.urls import Urls
from coatcheck.http.wiring import Wiring
from coatcheck.wire.disposition import format_disposition
from coatcheck.wire.headers import format_etag, none_match

_JSON = "application/json"


async def deliver(wiring: Wiring, job: JobRecord, urls: Urls, request: Request | None = None) -> Response:
    """The result of `job`. Conditions and ranges in `request` count, where it is given.

    Raises ResultNotReady, JobFailed, JobCancelled, JobExpired.
    """
    if not job.status.terminal:
        ahead = await wiring.jobs.outlook(job)
        raise ResultNotReady(retry_after=ahead.retry_after(wiring.style_of(job.operation).retry_after))
    return await _answer(wiring, job, await wiring.jobs.result_of(job, job.owner), urls, request)


async def _answer(wiring: Wiring, job: JobRecord, found: Result, urls: Urls, request: Request | None) -> Response:
    """Each kind of result in its own way: here is the place for another kind."""
    if (created := Created.of(found)) is not None:
        headers = {"Location": created_url(created, urls), "Cache-Control": "private, no-cache"}
        return Response(encode(created.body), 303, headers, _JSON)
    headers = _headers(found)
    if request is not None and not none_match(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if found.body is not None:
        return Response(found.body, 200, headers)
    if (place := await _signed(wiring, found, request)) is not None:
        return Response(status_code=303, headers={"Location": place, "Cache-Control": "no-store"})
    return await _file(wiring, job, found, headers, urls, request)


def _headers(found: Result) -> dict[str, str]:
    headers = {
        "Content-Type": found.media_type,  # as it is: Response would add a charset to text that nobody said it has
        "ETag": format_etag(found.digest),
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
    }
    if disposition := format_disposition(found.media_type, found.filename):
        headers["Content-Disposition"] = disposition
    return headers


async def _signed(wiring: Wiring, found: Result, request: Request | None) -> str | None:
    """Where the bytes can be downloaded for a while by whoever is told; a signature is for one method."""
    seconds = wiring.settings.signed_urls
    if not seconds or found.blob is None:
        return None
    return await wiring.blobs.url(found.blob, seconds, "HEAD" if request is not None and request.method == "HEAD" else "GET")


async def _file(wiring: Wiring, job: JobRecord, found: Result, headers: dict[str, str], urls: Urls, request: Request | None) -> Response:
    headers["Accept-Ranges"] = "bytes"
    try:
        wanted = _wanted_range(request, found)
    except RangeNotSatisfiable as error:
        return error_response(error, urls, {"Content-Range": f"bytes */{found.size}"})
    start, end = wanted or (0, found.size)
    headers["Content-Length"] = str(end - start)
    if wanted:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{found.size}"
    status = 206 if wanted else 200
    if request is not None and request.method == "HEAD":
        return Response(None, status, headers)
    return StreamingResponse(await _opened(wiring, job, found, start, end), status, headers)


def _wanted_range(request: Request | None, found: Result) -> tuple[int, int] | None:
    if request is None or request.method != "GET":  # RFC 9110 §14.2: a range is of a GET, and of nothing else
        return None
    condition = request.headers.get("if-range")
    if condition is not None and condition.strip() != format_etag(found.digest):
        return None
    return requested_range(request.headers.get("range"), found.size)


async def _opened(wiring: Wiring, job: JobRecord, found: Result, start: int, end: int) -> AsyncIterator[bytes]:
    """The blob's bytes, the first of them read: what is not there must be found out before the status line is sent."""
    assert found.blob is not None
    chunks = wiring.blobs.read(found.blob, start, end)
    try:
        first = await anext(chunks, b"")
    except FileNotFoundError:
        await wiring.jobs.get(job.id, job.owner)  # pruned between the two looks: 410
        raise
    return _chained(first, chunks)


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk
