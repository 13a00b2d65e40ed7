"""What a run keeps for the next attempt, should it be lost."""

import msgspec

CHECKPOINT_LIMIT = 10 * 1024 * 1024
"""Bytes of the largest value; what is larger belongs into a file, and its name into the checkpoint."""


class Checkpoint(msgspec.Struct, frozen=True):
    """Rows done, and what the function keeps beside. Stored as JSON."""

    rows: int = 0
    value: msgspec.Raw = msgspec.Raw(b"null")
