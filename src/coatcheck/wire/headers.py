"""Header fields that both ends read and write. Reading never raises: what makes no sense is as good as absent."""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

import msgspec

_SECONDS = re.compile(r"\d+", re.ASCII)
_LONGEST = 2.0**31
_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_TAG_LIST = re.compile(rf"\s*(?P<tag>{_TAG.pattern})?\s*(?:,|$)")
_LINK = re.compile(
    r'\s*<(?P<target>[^<>]*)>(?P<parameters>(?:\s*;\s*[\w!#$&*+.^`|~-]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,"]+))?)*)\s*(?:,|$)'
)
_PARAMETER = re.compile(r';\s*(?P<name>[\w!#$&*+.^`|~-]+)\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s;,"]+))')
_SF_STRING = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_URI_UNSAFE = re.compile(r"[\x00-\x20\x7f-\U0010ffff<>\"]")


def parse_retry_after(value: str, now: float) -> float | None:
    """Seconds to wait (RFC 9110 §10.2.3: whole seconds, or an HTTP date), 2^31 at most; None where it cannot be read.

    >>> parse_retry_after("5", now=0.0)
    5.0
    >>> parse_retry_after("Thu, 01 Jan 1970 00:01:00 GMT", now=45.0)
    15.0
    """
    value = value.strip()
    if _SECONDS.fullmatch(value):
        return min(float(value), _LONGEST)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now)


def format_retry_after(seconds: float) -> str:
    """Whole seconds, never fewer than asked for."""
    return str(max(0, math.ceil(seconds)))


def format_http_date(seconds: float) -> str:
    """A moment (seconds since the epoch) as an HTTP date (RFC 9110 §5.6.7)."""
    return format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)


class WebLink(msgspec.Struct, frozen=True):
    """One value of a Link field (RFC 8288)."""

    target: str
    parameters: Mapping[str, str]

    @property
    def relations(self) -> tuple[str, ...]:
        """What the target is to this resource; relation types compare without case."""
        return tuple(self.parameters.get("rel", "").lower().split())


def parse_links(value: str) -> Iterator[WebLink]:
    """The values of a Link field, up to the first one that cannot be read.

    >>> [link.target for link in parse_links('</jobs?cursor=x>; rel="next"')]
    ['/jobs?cursor=x']
    """
    position = 0
    while position < len(value) and (link := _LINK.match(value, position)):
        parameters: dict[str, str] = {}
        for found in _PARAMETER.finditer(link["parameters"]):
            quoted = found["quoted"]
            text = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else found["bare"]
            parameters.setdefault(found["name"].lower(), text)  # RFC 8288 §3.3: the first `rel` counts
        yield WebLink(link["target"], parameters)
        position = link.end()


def find_link(value: str, relation: str) -> str | None:
    """Target of the first link with that relation."""
    return next((link.target for link in parse_links(value) if relation in link.relations), None)


def format_link(target: str, relation: str) -> str:
    """One value of a Link field.

    >>> format_link("/jobs/1", "status")
    '</jobs/1>; rel="status"'
    """
    if _URI_UNSAFE.search(target):
        raise ValueError(f"{target!r} is no URI reference: percent-encode it.")
    return f'<{target}>; rel="{relation}"'


def format_weak_etag(opaque: str | int) -> str:
    """A weak entity tag (RFC 9110 §8.8.3).

    >>> format_weak_etag(7)
    'W/"7"'
    """
    return f"W/{format_etag(opaque)}"


def format_etag(opaque: str | int) -> str:
    """A strong entity tag."""
    tag = f'"{opaque}"'
    if not _TAG.fullmatch(tag):
        raise ValueError(f"{opaque!r} has characters that an entity tag cannot.")
    return tag


def parse_etags(value: str) -> list[str] | None:
    """The tags of an If-None-Match or If-Match list, weak marks kept; `["*"]` for any; None where it cannot be read."""
    if value.strip() == "*":
        return ["*"]
    tags: list[str] = []
    position = 0
    while position < len(value):
        element = _TAG_LIST.match(value, position)
        if element is None:
            return None
        if element["tag"]:
            tags.append(element["tag"])
        position = element.end()
    return tags


def none_match(value: str, etag: str) -> bool:
    """Whether If-None-Match `value` lets the request through: weak comparison, RFC 9110 §13.1.2.

    False means 304: the client has this version.

    >>> none_match('W/"6", W/"7"', 'W/"7"')
    False
    """
    tags = parse_etags(value)
    if tags is None:
        return True
    return tags != ["*"] and etag.removeprefix("W/") not in (tag.removeprefix("W/") for tag in tags)


def parse_idempotency_key(value: str) -> str:
    """The key: a quoted string as in the IETF draft (RFC 9651 §3.3.3), or bare, as most clients send it.

    >>> parse_idempotency_key('"8e03978e"') == parse_idempotency_key("8e03978e")
    True
    """
    value = value.strip()
    quoted = _SF_STRING.fullmatch(value)
    return re.sub(r'\\(["\\])', r"\1", quoted[1]) if quoted else value


def format_idempotency_key(key: str) -> str:
    """The key as a quoted string. Raises ValueError for an empty one, and for characters outside printable ASCII."""
    text = '"' + key.replace("\\", r"\\").replace('"', r"\"") + '"'
    if not key or not _SF_STRING.fullmatch(text):
        raise ValueError(f"Idempotency key {key!r}: use one or more printable ASCII characters.")
    return text


def parse_traceparent(value: str) -> str | None:
    """The trace that a request belongs to (W3C Trace Context); None for what is none.

    >>> parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    """
    return value if _TRACEPARENT.fullmatch(value) else None
