"""Text as every database can keep it."""

import json
from typing import Any

import msgspec

from coatcheck.wire.strict import written

_ENCODER = msgspec.json.Encoder()


def storable(text: str | None) -> str | None:
    """`text` with what some database cannot keep replaced: NUL, and lone surrogates; a run may have said anything."""
    if text is None:
        return None
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def encode_json(value: Any) -> bytes:
    """`value` as JSON, lone surrogates replaced."""
    try:
        return written(_ENCODER, value)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value), ensure_ascii=False).encode("utf-8", "replace")
