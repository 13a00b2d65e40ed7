"""Shapes that a document speaks of again and again, said once: OpenAPI's components."""

from collections.abc import Iterator
from itertools import count
from typing import Any

from coatcheck.http.schemas import Schema

_PLACE = "#/components/schemas/"


class Components:
    """The named shapes of one document. Two that have the same title and are not the same get names of their own."""

    def __init__(self) -> None:
        self.schemas: dict[str, Schema] = {}
        """By name."""

    def collect(self, part: Any, context: str) -> Any:
        """`part` with each shape that has a title replaced by a reference; `context` tells shapes of one title apart.

        >>> components = Components()
        >>> components.collect({"items": {"title": "Status", "enum": ["queued"]}}, "Bill")
        {'items': {'$ref': '#/components/schemas/Status'}}
        >>> components.schemas
        {'Status': {'title': 'Status', 'enum': ['queued']}}
        """
        match part:
            case dict():
                collected = {key: self.collect(value, context) for key, value in part.items()}
                return self._referred(collected, context) if _has_title(collected) else collected
            case list() | tuple():
                return [self.collect(item, context) for item in part]
            case _:
                return part

    def _referred(self, schema: Schema, context: str) -> Schema:
        for name in _names(schema["title"], context):
            named = {**schema, "title": name}  # generators call a class by its title
            if self.schemas.setdefault(name, named) == named:
                return {"$ref": _PLACE + name}
        raise AssertionError  # names do not run out


def _has_title(part: Schema) -> bool:
    """Whether `part` is a shape of its own; a member that happens to be called `title` is a schema, not a string."""
    return isinstance(part.get("title"), str) and ("properties" in part or "enum" in part)


def _names(title: str, context: str) -> Iterator[str]:
    plain = "".join(letter for letter in title if letter.isalnum() or letter in "._-")
    yield plain
    yield context + plain
    yield from (f"{context}{plain}{number}" for number in count(2))
