"""`GET /jobs/{id}/result`: what the synchronous endpoint would have answered."""

from collections.abc import AsyncIterator
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from coatcheck.domain.result import Result
from coatcheck.errors import RangeNotSatisfiable
from coatcheck.http.call import Call
from coatcheck.http.problems import error_response
from coatcheck.http.ranges import requested_range
from coatcheck.wire.headers import format_etag, none_match

_JSON = "application/json"


async def result(call: Call) -> Response:
    """The job's result; 409 until there is one, the problem where it failed."""
    found = await call.wiring.jobs.result(call.job_id, await call.viewer())
    headers = _headers(found)
    if not none_match(call.request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if found.body is not None:
        return Response(found.body, 200, headers)
    return await _file(call, found, headers)


def _headers(found: Result) -> dict[str, str]:
    headers = {
        "Content-Type": found.media_type,  # as it is: Response would add a charset to text that nobody said it has
        "ETag": format_etag(found.digest),
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
    }
    if found.media_type != _JSON or found.filename is not None:  # never shown as a page of ours, whatever it contains
        headers["Content-Disposition"] = _attachment(found.filename)
    return headers


def _attachment(filename: str | None) -> str:
    """RFC 6266, the name in the encoding of RFC 8187 where it needs one."""
    if filename is None:
        return "attachment"
    if filename.isascii() and filename.isprintable() and not set(filename) & set('"\\%'):
        return f'attachment; filename="{filename}"'
    return f"attachment; filename*=UTF-8''{quote(filename, safe='', errors='replace')}"


async def _file(call: Call, found: Result, headers: dict[str, str]) -> Response:
    headers["Accept-Ranges"] = "bytes"
    try:
        wanted = _wanted_range(call, found)
    except RangeNotSatisfiable as error:
        return error_response(error, call.urls, {"Content-Range": f"bytes */{found.size}"})
    start, end = wanted or (0, found.size)
    headers["Content-Length"] = str(end - start)
    if wanted:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{found.size}"
    status = 206 if wanted else 200
    if call.request.method == "HEAD":
        return Response(None, status, headers)
    return StreamingResponse(await _opened(call, found, start, end), status, headers)


def _wanted_range(call: Call, found: Result) -> tuple[int, int] | None:
    condition = call.request.headers.get("if-range")
    if condition is not None and condition.strip() != format_etag(found.digest):
        return None
    return requested_range(call.request.headers.get("range"), found.size)


async def _opened(call: Call, found: Result, start: int, end: int) -> AsyncIterator[bytes]:
    """The blob's bytes, the first of them read: what is not there must be found out before the status line is sent."""
    assert found.blob is not None
    chunks = call.wiring.blobs.read(found.blob, start, end)
    try:
        first = await anext(chunks, b"")
    except FileNotFoundError:
        await call.wiring.jobs.get(call.job_id, await call.viewer())  # pruned between the two looks: 410
        raise
    return _chained(first, chunks)


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk
