"""Results of many rows: written as lines while the function yields them, and never whole in memory."""

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import suppress
from typing import Any

from coatcheck.blobs.contract import CHUNK, Blobs, Label, Spool
from coatcheck.domain import problem
from coatcheck.domain.outcome import Completed
from coatcheck.domain.result import Result
from coatcheck.errors import Cancelled, Fail, NotSerialisable
from coatcheck.operations.codec import encode_result
from coatcheck.operations.lines import MEDIA_TYPE
from coatcheck.wire.disposition import format_disposition
from coatcheck.worker.run import ActiveRun

_LABEL = Label(MEDIA_TYPE, format_disposition(MEDIA_TYPE, None))


def written(rows: Iterator[Any], run: ActiveRun, blobs: Blobs) -> Completed:
    """All rows as a file of lines, which completes the job.

    Raises whatever the function raises between them, and Cancelled where its run must end.
    """
    lines = _Lines(blobs)
    try:
        for row in _until_told(rows, run):
            if lines.add(row):
                lines.write()
        return lines.finish()
    except BaseException:
        lines.discard()
        raise
    finally:
        if isinstance(rows, Generator):
            rows.close()


async def written_as_they_come(rows: AsyncIterator[Any], blobs: Blobs) -> Completed:
    """Likewise; the task is cancelled where its run must end."""
    lines = _Lines(blobs)
    try:
        async for row in rows:
            if lines.add(row):
                await asyncio.to_thread(lines.write)
        return await asyncio.to_thread(lines.finish)
    except BaseException:
        lines.discard()
        raise
    finally:
        if close := getattr(rows, "aclose", None):
            await close()


def _until_told(rows: Iterator[Any], run: ActiveRun) -> Iterator[Any]:
    with suppress(StopIteration):
        while True:
            yield _stop(rows) if run.interrupted else next(rows)


def _stop(rows: Iterator[Any]) -> Any:
    if isinstance(rows, Generator):
        return rows.throw(Cancelled())  # it may have something to clean up, or a last row to say
    raise Cancelled


class _Lines:
    """Lines on their way into a blob."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._spool: Spool | None = None
        self._gathered = bytearray()
        self._number = 0

    def add(self, row: Any) -> bool:
        """Take in a row; whether there is enough to be written. Raises Fail for a row that has no JSON form."""
        self._number += 1
        line = self._line(row)
        self._gathered += line if line.endswith(b"\n") else line + b"\n"
        return len(self._gathered) >= CHUNK

    def write(self) -> None:
        if self._spool is None:
            self._spool = self._blobs.spool(_LABEL)
        self._spool.write(bytes(self._gathered))
        self._gathered.clear()

    def finish(self) -> Completed:
        self.write()
        assert self._spool is not None
        blob = self._spool.finish()
        return Completed(Result(media_type=MEDIA_TYPE, size=blob.size, digest=blob.digest, blob=blob.key))

    def discard(self) -> None:
        if self._spool is not None:
            self._spool.discard()

    def _line(self, row: Any) -> bytes:
        if isinstance(row, bytes):
            return row
        try:
            return row.encode() if isinstance(row, str) else encode_result(row)
        except (NotSerialisable, UnicodeEncodeError) as error:
            wrong = problem.result_not_serialisable(f"Row {self._number}: {error}")
            raise Fail(status=wrong.status, type=wrong.kind, title=wrong.title, detail=wrong.detail) from error
