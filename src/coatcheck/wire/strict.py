"""What JSON must not hold: what is stored can be read by every store, every client, and the next release.

Strict means RFC 8259, and I-JSON (RFC 7493) where that is narrower: UTF-8 without a byte order mark, no NaN and no
infinities, no lone surrogates; and, because PostgreSQL's jsonb cannot hold it, no U+0000.
"""

import math
import re
from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate
from typing import Any

import msgspec

MAX_DEPTH = 128
"""Levels of arrays and objects that a request may have. A fixed number, so that what is accepted can be read anywhere."""

_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..)|(u0000)|.)", re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def encode(value: Any, hook: Callable[[Any], Any] | None = None, *, canonical: bool = False) -> bytes:
    """`value` as strict JSON text; `hook` makes something plain of what msgspec does not know.

    `canonical`: equal values give equal text, whatever the order of their members or of a set.

    Raises TypeError for a type without JSON form, ValueError for NaN, infinities and lone surrogates, and
    RecursionError for a value that contains itself.
    """
    encoded = written(_encoder(hook, canonical), value)
    if b"null" in encoded:  # which is how msgspec writes NaN
        _refuse_non_finite(msgspec.to_builtins(value, enc_hook=hook))
    return encoded


def written(encoder: msgspec.json.Encoder, value: Any) -> bytes:
    """What `encoder` makes of `value`. msgspec's own buffer ends the interpreter where there is no memory for it to grow (0.22)."""
    buffer = bytearray()
    encoder.encode_into(value, buffer)
    return bytes(buffer)


@lru_cache(16)
def _encoder(hook: Callable[[Any], Any] | None, canonical: bool) -> msgspec.json.Encoder:  # noqa: FBT001  as in `encode`
    return msgspec.json.Encoder(enc_hook=hook, order="deterministic" if canonical else None)


def unstorable(text: bytes) -> str | None:
    """What JSON text holds that not every store can keep; None where it holds nothing of the kind."""
    if b"\\u" not in text:
        return None
    for escape in _ESCAPE.finditer(text):
        if escape[1]:
            return f"a lone surrogate (\\{escape[1].decode('ascii', 'replace')})"
        if escape[2]:
            return "the character U+0000"
    return None


def too_deep(text: bytes) -> bool:
    """Whether well-formed JSON text is nested deeper than `MAX_DEPTH`."""
    return text.count(b"[") + text.count(b"{") > MAX_DEPTH and _depth(text) > MAX_DEPTH


def _refuse_non_finite(value: Any) -> None:
    left = [value]
    while left:
        match left.pop():
            case float() as number if not math.isfinite(number):
                raise ValueError(f"{number} is no JSON number; use None where a value is missing.")
            case dict() as members:
                left.extend(members.values())
            case list() | tuple() as items:
                left.extend(items)


def _depth(text: bytes) -> int:
    unescaped = text.replace(rb"\\", b"").replace(rb"\"", b"")
    brackets = b"".join(unescaped.split(b'"')[::2]).translate(None, _NOT_BRACKETS)  # every second piece is a string
    return max(accumulate(1 if bracket in b"[{" else -1 for bracket in brackets), default=0)
