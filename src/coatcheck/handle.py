"""A job in the hands of the code that submitted it."""

import asyncio
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Generic, TypeVar, cast

from coatcheck.blobs.contract import Blobs
from coatcheck.domain.created import Created
from coatcheck.domain.job import JobRecord
from coatcheck.domain.owner import Viewer
from coatcheck.domain.result import Result
from coatcheck.domain.state import Status
from coatcheck.errors import ResultNotReady
from coatcheck.jobs import Jobs
from coatcheck.operations.codec import decode_result
from coatcheck.operations.content import Content

R = TypeVar("R", covariant=True)


class Handle(Generic[R]):
    """A job that was submitted from code, and the promise of its result.

    handle = await sales_report.submit(request)
    report = await handle.result()
    """

    def __init__(self, job_id: str, *, viewer: Viewer, jobs: Jobs, blobs: Blobs, returns: Any) -> None:
        self.id = job_id
        self._viewer, self._jobs, self._blobs, self._returns = viewer, jobs, blobs, returns

    def __repr__(self) -> str:
        return f"Handle({self.id!r})"

    async def job(self) -> JobRecord:
        """The job's record as it is now. Raises JobNotFound or JobExpired."""
        return await self._jobs.get(self.id, self._viewer)

    async def status(self) -> Status:
        """Where the job stands now. Raises JobNotFound or JobExpired."""
        return (await self.job()).status

    async def result(self, timeout: float | None = None) -> R:
        """Wait for the end, and return what the function returned; a file or bytes as `Content`, a resource as `Created`.

        The content's body is a path. Where files are kept in the database, it is a temporary copy, and yours to remove.

        `timeout` is in seconds; None waits as long as it takes. Raises JobFailed, JobCancelled, ResultNotReady when the
        timeout passed; JobNotFound or JobExpired.
        """
        job = await self._jobs.wait(self.id, self._viewer, timeout=timeout)
        if not job.status.terminal:
            raise ResultNotReady
        return cast("R", await self._value(await self._jobs.result_of(job, self._viewer)))

    async def cancel(self) -> JobRecord:
        """Ask for a stop; the job as it is then. Raises JobAlreadyFinished, JobNotFound or JobExpired."""
        return await self._jobs.cancel(self.id, self._viewer, actor=str(self._viewer))

    async def _value(self, result: Result) -> Any:
        if (created := Created.of(result)) is not None:
            return created
        if result.blob is None:
            assert result.body is not None
            return decode_result(result.body, self._returns)
        path = self._blobs.path(result.blob) or await _copied(result.blob, self._blobs)
        return Content(path, media_type=result.media_type, filename=result.filename)


async def _copied(key: str, blobs: Blobs) -> Path:
    """A blob as a temporary file. Raises FileNotFoundError."""
    with NamedTemporaryFile(prefix="coatcheck-", delete=False) as file:
        path = Path(file.name)
        try:
            async for chunk in blobs.read(key):
                await asyncio.to_thread(file.write, chunk)
        except BaseException:
            await asyncio.to_thread(path.unlink)
            raise
    return path
