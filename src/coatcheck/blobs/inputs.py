"""The files among a job's arguments: stored with the job, or not at all."""

import asyncio
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

from msgspec.structs import replace

from coatcheck.blobs.contract import CHUNK, Blob, Blobs, pour
from coatcheck.errors import CoatcheckError, StoreUnavailable
from coatcheck.operations.files import FileParameter, uploads_in
from coatcheck.operations.lines import LineCheck
from coatcheck.operations.parameters import Parameters
from coatcheck.operations.upload import Upload


class Inputs:
    """Around the submission of a job: stores what its caller has in hand, and removes all of its files where there is no job.

    Where nobody can tell whether there is one, they are left to the sweep.
    """

    def __init__(self, blobs: Blobs, parameters: Parameters, arguments: Mapping[str, Any]) -> None:
        self.arguments = arguments
        """Those to submit."""
        self.replayed = False
        """Whether it turned out that there is another job already, with files of its own."""
        self._blobs, self._parameters = blobs, parameters

    @property
    def keys(self) -> tuple[str, ...]:
        """Of the blobs that the arguments refer to."""
        return tuple(upload.reference.key for upload in self._parameters.uploads(self.arguments))

    async def __aenter__(self) -> Self:
        if any(upload.local for upload in self._parameters.uploads(self.arguments)):
            self.arguments = await asyncio.to_thread(self._stored)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        refused = isinstance(error, CoatcheckError) and not isinstance(error, StoreUnavailable)
        if (refused or self.replayed) and (keys := self.keys):
            await asyncio.to_thread(self._blobs.delete, keys)

    def _stored(self) -> dict[str, Any]:
        written: list[str] = []
        arguments = dict(self.arguments)
        try:
            for name, file in self._parameters.files.items():
                if uploads := [self._store(upload, file, written) for upload in uploads_in(arguments.get(name))]:
                    arguments[name] = file.argument(uploads)
        except BaseException:
            self._blobs.delete(written)
            raise
        return arguments

    def _store(self, upload: Upload, file: FileParameter, written: list[str]) -> Upload:
        if not upload.local:
            return upload
        check = LineCheck(file.row) if file.rows else None
        blob = self._written(upload, check)
        written.append(blob.key)
        lines = check.rows if check is not None else None
        return Upload(replace(upload.reference, key=blob.key, size=blob.size, digest=blob.digest, lines=lines))

    def _written(self, upload: Upload, check: LineCheck | None) -> Blob:
        if check is None:
            return self._blobs.take(upload.path)
        return pour(_checked(upload, check), self._blobs.spool())


def _checked(upload: Upload, check: LineCheck) -> Iterator[bytes]:
    with upload.open() as file:
        while piece := file.read(CHUNK):
            check.feed(piece)
            yield piece
    check.finish()
