"""What blobs are found by."""

import re
import uuid

_KEY = re.compile(r"[0-9a-f]{32}", re.ASCII)


def new_key() -> str:
    """A key that no other blob has."""
    return uuid.uuid4().hex


def is_key(text: str) -> bool:
    """Whether `text` can be one: asked before it comes near a path or a statement."""
    return _KEY.fullmatch(text) is not None
