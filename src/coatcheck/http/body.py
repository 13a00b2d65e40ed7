"""Reading a request's JSON body, never more of it than is allowed."""

from starlette.requests import Request

from coatcheck.errors import PayloadTooLarge, UnsupportedMediaType


async def read_body(request: Request, limit: int) -> bytes:
    """The body, counted as it comes.

    Raises UnsupportedMediaType for a media type that is not JSON (none at all is taken as JSON) and for any content
    encoding, PayloadTooLarge beyond `limit` bytes.
    """
    _refuse_foreign_media(request)
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > limit:
        raise _too_large(limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)
    return bytes(body)


def _refuse_foreign_media(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in ("", "application/json") and not (media_type.startswith("application/") and media_type.endswith("+json")):
        raise UnsupportedMediaType(f"The body is {media_type[:100]!r}; send it as application/json.")
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise UnsupportedMediaType(f"The body has the content encoding {encoding[:100]!r}; send it without one.")


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"The body is larger than the {limit} bytes this application accepts.")
