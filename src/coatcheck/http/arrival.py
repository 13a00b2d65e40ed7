"""A file on its way into the blob store."""

import asyncio

from coatcheck.blobs.contract import CHUNK, Blob, Blobs, Spool
from coatcheck.operations.files import FileParameter
from coatcheck.operations.lines import LineCheck
from coatcheck.operations.upload import Reference, Upload


class Arrival:
    """Spools a file as it arrives, in threads and a chunk at a time, and checks each line where it is NDJSON.

    Whoever sends slowly holds a file open, and no thread.
    """

    def __init__(self, blobs: Blobs, file: FileParameter, *, media_type: str, filename: str | None) -> None:
        self.size = 0
        """Bytes so far."""
        self.filename = filename
        self._blobs, self._media_type = blobs, media_type
        self._check = LineCheck(file.row) if file.rows else None
        self._gathered = bytearray()
        self._spool: Spool | None = None

    async def add(self, piece: bytes) -> None:
        """Take in more of it; waits until there is room. Raises what the check of its lines raises, and StoreUnavailable."""
        self.size += len(piece)
        self._gathered += piece
        if len(self._gathered) >= CHUNK:
            gathered, self._gathered = self._gathered, bytearray()
            await asyncio.to_thread(self._write, bytes(gathered))

    async def finish(self) -> Upload:
        """The file, durable. Raises likewise."""
        blob = await asyncio.to_thread(self._finish, bytes(self._gathered))
        lines = self._check.rows if self._check else None
        return Upload(Reference(blob.key, blob.size, blob.digest, self._media_type, self.filename, lines))

    async def discard(self) -> None:
        """Leave nothing of it."""
        if self._spool is not None:
            await asyncio.to_thread(self._spool.discard)

    def _write(self, piece: bytes) -> None:
        if self._check is not None:
            self._check.feed(piece)
        if self._spool is None:
            self._spool = self._blobs.spool()
        self._spool.write(piece)

    def _finish(self, rest: bytes) -> Blob:
        self._write(rest)
        if self._check is not None:
            self._check.finish()
        assert self._spool is not None
        return self._spool.finish()
