"""Reading query parameters. What cannot be read is said, not guessed (400 invalid-parameter)."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from starlette.datastructures import QueryParams

from coatcheck.domain.state import Status
from coatcheck.errors import InvalidParameter
from coatcheck.wire.style import HttpStyle

_CURSOR = re.compile(r"[0-9a-f]{32}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


def number(query: QueryParams, name: str, *, default: int, least: int, most: int) -> int:
    """A whole number between `least` and `most`."""
    text = query.get(name)
    if text is None:
        return default
    if _NUMBER.fullmatch(text) is None or not least <= int(text) <= most:
        raise InvalidParameter(f"{name}={text[:50]!r}: give a whole number from {least} to {most}.")
    return int(text)


def moment(query: QueryParams, name: str) -> float | None:
    """A timestamp (RFC 3339), as seconds since the epoch."""
    text = query.get(name)
    if text is None:
        return None
    try:
        return msgspec.convert(text, _Moment).timestamp()
    except (msgspec.ValidationError, OverflowError):
        raise InvalidParameter(f"{name}={text[:50]!r}: give a timestamp like 2026-01-31T12:00:00Z, a + in it written as %2B.") from None


def statuses(query: QueryParams, name: str, style: HttpStyle) -> frozenset[Status] | None:
    """Any number of statuses, as several parameters or separated by commas; by our own names and those of the style."""
    words = {word for text in query.getlist(name) for word in text.split(",")}
    meant = frozenset(status for status in Status if {status.value, style.status(status)} & words)
    known = dict.fromkeys([*map(style.status, Status), *(status.value for status in meant)])
    if not words <= known.keys():
        raise InvalidParameter(f"{name}={','.join(sorted(words))[:50]!r}: the statuses are {', '.join(known)}.")
    return meant or None


def cursor(query: QueryParams, name: str) -> str | None:
    """The job id inside an opaque cursor."""
    text = query.get(name)
    if text is None:
        return None
    if _CURSOR.fullmatch(text) is None:
        raise InvalidParameter(f"{name}={text[:50]!r} is none of ours; follow the `next` link of a page, or leave it out.")
    return str(UUID(hex=text))


def seal(job_id: str) -> str:
    """A job id as an opaque cursor."""
    return UUID(job_id).hex


def following(url: str, query: QueryParams, changes: Mapping[str, str]) -> str:
    """The same request again, with some parameters changed."""
    kept = [(name, value) for name, value in query.multi_items() if name not in changes]
    return f"{url}?{urlencode([*kept, *changes.items()])}"
