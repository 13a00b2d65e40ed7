"""Bytes in chunks of one size."""

from collections.abc import Iterable, Iterator

from coatcheck.blobs.contract import CHUNK


def evenly(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in chunks of `CHUNK`, but for the last."""
    kept = bytearray()
    for chunk in chunks:
        kept += chunk
        while len(kept) >= CHUNK:
            yield bytes(kept[:CHUNK])
            del kept[:CHUNK]
    if kept:
        yield bytes(kept)
