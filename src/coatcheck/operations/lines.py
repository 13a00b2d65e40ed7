"""Bodies of many rows: NDJSON, one JSON value a line."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from os import PathLike
from typing import Any, Generic, Self, TypeVar

from coatcheck.errors import InvalidArguments, MalformedBody, PayloadTooLarge
from coatcheck.operations.codec import reader
from coatcheck.operations.upload import Upload

T = TypeVar("T")

MEDIA_TYPE = "application/x-ndjson"
LINE_TYPES = (MEDIA_TYPE, "application/ndjson", "application/jsonl", "application/json-lines")
LONGEST_LINE = 1024 * 1024
"""Bytes that one line may have."""
_TOGETHER = 500
"""Rows that are read ahead of an `async for`."""


class Lines(Generic[T]):
    """The rows of a body in NDJSON, as an operation's parameter: any number of them, none but the present one in memory.

        @jobs.operation("/accounts/bulk-import")
        def import_accounts(rows: Lines[Account], job: Job) -> Summary:
            for account in job.track(job.resume(rows), unit="row"):
                ...

    Each row is checked against its type as it arrives: the first that does not fit is answered with 422, and nothing is
    stored. Works in `for` and `async for`, as often as wanted, and has a length. Empty lines are no rows.

    Calls in code make theirs: `await import_accounts.submit(Lines.of("accounts.ndjson"))`.
    """

    def __init__(self, upload: Upload, row: Any = Any) -> None:
        self.upload = upload
        """The lines as a file."""
        self._row = row

    @classmethod
    def of(cls, body: bytes | str | PathLike[str]) -> Self:
        """Rows made in code, of NDJSON in bytes or in the file at a path. Checked and stored when a job is submitted with them."""
        return cls(Upload.of(body, media_type=MEDIA_TYPE))

    def __len__(self) -> int:
        counted = self.upload.reference.lines
        if counted is None:
            with self.upload.open() as file:
                counted = sum(1 for line in file if line.strip())
        return counted

    def __iter__(self) -> Iterator[T]:
        read = reader(self._row)
        with self.upload.open() as file:
            for line in file:
                if line.strip():
                    yield read(line)

    async def __aiter__(self) -> AsyncIterator[T]:
        rows = iter(self)
        while some := await asyncio.to_thread(lambda: list(islice(rows, _TOGETHER))):
            for row in some:
                yield row

    def __repr__(self) -> str:
        return f"Lines({self.upload!r})"


class LineCheck:
    """Checks rows as their bytes arrive, in whatever pieces."""

    def __init__(self, row: Any) -> None:
        self._read = reader(row)
        self._begun = b""
        self._number = 0
        self.rows = 0
        """How many there were so far."""

    def feed(self, piece: bytes) -> None:
        """Check the lines that end in this piece.

        Raises InvalidArguments or MalformedBody, with the line's number, and PayloadTooLarge for a line longer than it may be.
        """
        *lines, begun = piece.split(b"\n")
        if lines:
            lines[0] = self._begun + lines[0]
            self._begun = begun
        else:
            self._begun += begun
        for line in lines:
            self._check(line)
        if len(self._begun) > LONGEST_LINE:
            raise self._too_long()

    def finish(self) -> int:
        """Check the last line, which need not end in a line feed; how many rows there are."""
        if self._begun:
            self._check(self._begun)
        return self.rows

    def _check(self, line: bytes) -> None:
        if len(line) > LONGEST_LINE:
            raise self._too_long()
        self._number += 1
        if not line.strip():
            return
        try:
            self._read(line)
        except MalformedBody as error:
            raise MalformedBody(f"Line {self._number}: {error.detail}") from None
        except InvalidArguments as error:
            faults = [(f"/{self.rows}{pointer}", detail) for pointer, detail in error.faults]
            raise InvalidArguments(f"Line {self._number}: {error.detail}", faults=faults) from None
        self.rows += 1

    def _too_long(self) -> PayloadTooLarge:
        return PayloadTooLarge(f"Line {self._number + 1} is longer than the {LONGEST_LINE} bytes that one may have.")
