"""Reading a request's body: of the kinds that are allowed, never more of it, and never for longer."""

import asyncio
from collections.abc import AsyncIterator, Collection
from fnmatch import fnmatchcase
from typing import TypeVar

from starlette.requests import Request

from coatcheck.errors import BodyTooSlow, PayloadTooLarge, UnsupportedMediaType
from coatcheck.http.call import Call
from coatcheck.operations.codec import read
from coatcheck.wire.style import JSON_TYPES

T = TypeVar("T")

SLOWEST = 16 * 1024
"""Bytes a second at which a body may go on for as long as it likes."""
_SMALL = 64 * 1024
_READ = "coatcheck.body_read"


async def read_body(request: Request, limit: int, *, patience: float, json_types: Collection[str] = JSON_TYPES) -> bytes:
    """A JSON body, whole. Raises UnsupportedMediaType where it is of no type in `json_types`, and whatever `pieces` raises."""
    said = media_type(request)
    if said not in json_types and not any(fnmatchcase(said, pattern) for pattern in json_types):
        accepted = ", ".join(filter(None, json_types))
        raise UnsupportedMediaType(f"The body is {said[:100]!r}; send it as application/json.", headers={"Accept": accepted})
    body = bytearray()
    async for piece in pieces(request, limit, patience=patience):
        body += piece
    return bytes(body)


async def read_json(call: Call, shape: type[T]) -> T:
    """A JSON body of one of our own shapes; an empty one is an empty object.

    Raises MalformedBody and InvalidArguments, and whatever `read_body` raises.
    """
    settings = call.wiring.settings
    body = await read_body(call.request, settings.max_body, patience=settings.body_timeout)
    value: T = read(body if body.strip() else b"{}", shape)
    return value


async def pieces(request: Request, limit: int, *, patience: float) -> AsyncIterator[bytes]:
    """The body as it comes; a `limit` of 0 is none.

    Raises UnsupportedMediaType for any content encoding, PayloadTooLarge beyond `limit` bytes, and BodyTooSlow for a body that
    is not there within `patience` seconds, and one more for each `SLOWEST` bytes that came.
    """
    _refuse_encodings(request)
    announced = request.headers.get("content-length", "")
    if limit and announced.isdecimal() and int(announced[:20]) > limit:
        raise _too_large(limit)
    coming, received = request.stream(), 0
    ends = asyncio.get_running_loop().time() + patience
    while piece := await _next(coming, ends + received / SLOWEST):  # an empty one is the last
        received += len(piece)
        if limit and received > limit:
            raise _too_large(limit)
        yield piece
    request.scope[_READ] = True


def media_type(request: Request) -> str:
    """The body's media type without parameters, in lower case; empty where the request does not say."""
    said = request.headers.get("content-type", "").strip().lower()
    return said.partition(";")[0].strip() or said


def is_unread(request: Request) -> bool:
    """Whether a long body is still to come that nobody will read."""
    if _READ in request.scope:
        return False
    announced = request.headers.get("content-length", "0")
    return "transfer-encoding" in request.headers or not announced.isdecimal() or int(announced[:20]) > _SMALL


async def _next(coming: AsyncIterator[bytes], ends: float) -> bytes:
    try:
        async with asyncio.timeout_at(ends):
            return await anext(coming, b"")
    except TimeoutError:
        raise BodyTooSlow from None


def _refuse_encodings(request: Request) -> None:
    encoding = ", ".join(request.headers.getlist("content-encoding")).strip().lower()
    if encoding not in ("", "identity"):
        what = f"The body has the content encoding {encoding[:100]!r}; send it without one."
        raise UnsupportedMediaType(what, headers={"Accept-Encoding": "identity"})


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"The body is larger than the {limit} bytes that are accepted here.")
