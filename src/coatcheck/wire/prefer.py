"""The Prefer field (RFC 7240): how a client would like to be answered."""

import re
from collections.abc import Iterable, Iterator

import msgspec

MAX_WAIT = 25
"""Seconds that an answer is held back at most: proxies give up after 30 or more."""

_NAME = r"[\w!#$%&'*+.^`|~-]++"
_WORD = rf'(?:{_NAME}|"(?:[^"\\]|\\.)*+")'
_PARAMETER = rf";\s*+(?:{_NAME}\s*+(?:=\s*+{_WORD})?)?\s*+"
_PREFERENCE = re.compile(rf"\s*+(?P<name>{_NAME})\s*+(?:=\s*+(?P<value>{_WORD})\s*+)?(?:{_PARAMETER})*+(?:,|$)", re.ASCII)
_UNREADABLE = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*+"?)*+,?')
_SECONDS = re.compile(r"\d{1,10}", re.ASCII)


class Preferences(msgspec.Struct, frozen=True):
    """What a client prefers, as far as it means anything to us."""

    wait: int | None = None
    """Seconds it would wait for a better answer; None where it does not say."""
    respond_async: bool = False
    """Whether it would rather be told at once that the work goes on."""

    @property
    def window(self) -> int | None:
        """`wait`, no longer than `MAX_WAIT`."""
        return None if self.wait is None else min(self.wait, MAX_WAIT)


def parse_preferences(fields: Iterable[str]) -> Preferences:
    """What the Prefer fields of a request say.

    The first of several values for one preference counts; what cannot be read is as good as absent.

    >>> parse_preferences(["respond-async, wait=10; x", "wait=20"])
    Preferences(wait=10, respond_async=True)
    """
    said: dict[str, str] = {}
    for field in fields:
        for name, value in _preferences(field):
            said.setdefault(name, value)
    wait = said.get("wait", "")
    return Preferences(int(wait) if _SECONDS.fullmatch(wait) else None, "respond-async" in said)


def _preferences(field: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(field):
        found = _PREFERENCE.match(field, position)
        if found:
            value = found["value"] or ""
            yield found["name"].lower(), re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
        skipped = found or _UNREADABLE.match(field, position)
        assert skipped is not None  # it matches anything
        position = max(skipped.end(), position + 1)
