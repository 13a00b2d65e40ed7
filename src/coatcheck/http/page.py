"""Lists, a page at a time."""

from collections.abc import Sequence
from typing import Generic, TypeVar

import msgspec
from starlette.responses import Response

from coatcheck.http.represent import encode
from coatcheck.wire.headers import format_link

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """The one shape of a list: a page of items, and where the next one is."""

    items: Sequence[T]
    next: str | None = None
    """URL of the next page; null on the last."""


def page_response(items: Sequence[object], following: str | None) -> Response:
    """A page as a response, `Link: rel="next"` (RFC 8288) included."""
    headers = {"Cache-Control": "private, no-cache"}
    if following is not None:
        headers["Link"] = format_link(following, "next")
    return Response(encode(Page(items, following)), 200, headers, "application/json")
