"""What a completed job answers with."""

import msgspec

INLINE_LIMIT = 16 * 1024
"""Bytes up to which a JSON result stands in the job's representation."""

STORED_LIMIT = 10 * 1024 * 1024
"""Bytes up to which a JSON result is kept in the store. Files have no cap."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A stored result: JSON in the store, or a blob beside it.

    Exactly one of `body` and `blob` says where the bytes are; both are None where a JSON body was too large to come
    along with the record (ask the store for the result itself).
    """

    media_type: str
    size: int
    """Bytes."""
    digest: str
    """SHA-256 of the bytes, hexadecimal: the strong ETag."""
    body: bytes | None = None
    blob: str | None = None
    """Key in the blob store."""
    filename: str | None = None
    """Suggested name for a download; None where the bytes are no file."""

    @property
    def complete(self) -> bool:
        """Whether the bytes, or where they are, came along."""
        return self.body is not None or self.blob is not None
