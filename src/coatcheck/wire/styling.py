"""A representation in a style, and back."""

from collections.abc import Mapping
from typing import Any

import msgspec

from coatcheck.domain.state import Status
from coatcheck.wire.representation import NULL, Link, Representation
from coatcheck.wire.style import MEMBERS, SEGMENTS, HttpStyle

_FIELDS = tuple(zip(Representation.__struct_fields__, MEMBERS, strict=True))
_READ_AS = (Status.RUNNING, Status.FAILED)
"""What a name is taken for that several statuses go by."""


def styled(representation: Representation, style: HttpStyle) -> Representation | dict[str, Any]:
    """What is sent: ready for JSON."""
    if not style.own_shape:
        return representation
    shown: dict[str, Any] = {}
    for attribute, member in _FIELDS:
        if names := style.names(member):
            value = _shown(attribute, getattr(representation, attribute), style)
            if not (style.omit_null and (value is None or value == NULL)):
                shown |= dict.fromkeys(names, value)
    return shown


def unstyled(text: bytes, style: HttpStyle, known: Mapping[str, str]) -> Representation:
    """The representation that was sent. `known` has members, by our own names, for those that are not shown.

    Raises ValueError where it is none in that style.
    """
    sent = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    members: dict[str, Any] = dict(known)
    for member in MEMBERS:
        name = next(iter(style.names(member)), None)
        if name in sent:
            members[member] = sent[name]
    if "status" in members:
        members["status"] = _status(msgspec.json.decode(members["status"], type=str), style)
    if "error" in members and style.error == "message":
        sentence = msgspec.json.decode(members["error"], type=str | None)
        members["error"] = None if sentence is None else {"title": sentence, "detail": sentence}
    if "_links" in members:
        members["_links"] = _links(members["_links"], style)
    return msgspec.json.decode(msgspec.json.encode(members), type=Representation)


def _shown(attribute: str, value: Any, style: HttpStyle) -> Any:
    match attribute:
        case "status":
            return style.status(value)
        case "error" if value is not None and style.error == "message":
            return value.get("detail") or value["title"]
        case "links":
            named = {style.segment(relation): link for relation, link in value.items()}
            return (
                named if style.links == "map" else [{"rel": rel, "href": link.href, "method": link.method} for rel, link in named.items()]
            )
        case _:
            return value


def _status(word: str, style: HttpStyle) -> str:
    meant = [status for status in Status if style.status(status) == word]
    return next((status for status in _READ_AS if status in meant), meant[0] if meant else word)


def _links(sent: msgspec.Raw, style: HttpStyle) -> dict[str, Link]:
    if style.links == "map":
        links = msgspec.json.decode(sent, type=dict[str, Link])
    else:
        rows = msgspec.json.decode(sent, type=list[dict[str, str]])
        links = {row["rel"]: Link(row["href"], row.get("method", "GET")) for row in rows}
    ours = {style.segment(segment): segment for segment in SEGMENTS}
    return {ours.get(relation, relation): link for relation, link in links.items()}
