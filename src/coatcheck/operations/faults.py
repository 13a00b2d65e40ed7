"""What is wrong with a request, and where: pairs of JSON Pointer (RFC 6901) and detail."""

import re
from collections.abc import Iterable

_PLACE = re.compile(r" - at (?:`key` in )?`\$(?P<path>[^`]*)`$")
_STEP = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>\d+)\]")
_MEMBER = re.compile(r"Object (?P<what>missing required|contains unknown) field `(?P<name>[^`]*)`")
_SENTENCES = {"missing required": "A required member is missing", "contains unknown": "There is no such member"}

Fault = tuple[str, str]


def faults_of(error: BaseException) -> list[Fault]:
    """The faults that msgspec (the first one) or pydantic (all of them) found."""
    place, detail = _split(str(error))
    inner = error if hasattr(error, "errors") else error.__cause__
    if inner is not None and callable(list_errors := getattr(inner, "errors", None)):
        found = list_errors(include_url=False, include_context=False, include_input=False)
        return [(place + pointer(fault["loc"]), fault["msg"]) for fault in found]
    if isinstance(error, RecursionError):
        return [("", "Nested too deeply.")]
    if missing := _MEMBER.match(detail):
        return [(place + pointer([missing["name"]]), _SENTENCES[missing["what"]])]
    return [(place, detail)]


def pointer(steps: Iterable[str | int]) -> str:
    """Steps from the root as a JSON Pointer.

    >>> pointer(["rows", 2, "a/b"])
    '/rows/2/a~1b'
    """
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def _split(message: str) -> tuple[str, str]:
    """Pointer and text of one of msgspec's messages. A dictionary's key is not told: the pointer ends before it."""
    place = _PLACE.search(message)
    if place is None:
        return "", message
    known = place["path"].partition("[...]")[0]
    return pointer(step["name"] or step["index"] for step in _STEP.finditer(known)), message[: place.start()]
