"""The use cases of an application under test: what a submission and a wait mean where no worker is about."""

from collections.abc import Sequence
from typing import Any

from coatcheck.domain.job import JobRecord
from coatcheck.domain.owner import Viewer
from coatcheck.domain.result import Result
from coatcheck.domain.state import Status
from coatcheck.errors import JobFailed
from coatcheck.jobs import Jobs
from coatcheck.store.contract import Listing, Submitted
from coatcheck.testing.bench import Bench
from coatcheck.testing.inside import inside_function


class _Tested(Jobs):
    """As ever; but what has expired by the test's clock is gone, and a failure tells what the function raised."""

    def __init__(self, bench: Bench, **parts: Any) -> None:
        super().__init__(**parts)
        self._bench = bench

    async def get(self, job_id: str, viewer: Viewer) -> JobRecord:
        await self._keep_time()
        return await super().get(job_id, viewer)

    async def list(self, viewer: Viewer, listing: Listing) -> Sequence[JobRecord]:
        await self._keep_time()
        return await super().list(viewer, listing)

    async def result_of(self, job: JobRecord, viewer: Viewer) -> Result:
        try:
            return await super().result_of(job, viewer)
        except JobFailed as failed:
            await self._bench.thread.run(self._bench.settled(job.id))
            raise failed from self._bench.errors.get(job.id)

    async def _keep_time(self) -> None:
        if self._bench.moved:
            await self._bench.thread.run(self._bench.prune())

    async def _finish(self, job_id: str) -> None:
        await self._bench.thread.run(self._bench.finish(job_id))


class InlineJobs(_Tested):
    """A job has been run to its end when its submission returns, and so has what its function sent without a job."""

    async def submit(self, *arguments: Any, within: object = None, **options: Any) -> Submitted:
        submitted = await super().submit(*arguments, within=within, **options)
        if within is None:  # else nobody sees it before the transaction there is committed
            await self._finish(submitted.job.id)
        return submitted

    async def retry(self, job_id: str, viewer: Viewer, *, actor: str) -> JobRecord:
        job = await super().retry(job_id, viewer, actor=actor)
        await self._finish(job_id)
        return job

    async def _finish(self, job_id: str) -> None:
        await super()._finish(job_id)
        if not inside_function():
            await self._bench.thread.run(self._bench.all_done())

    async def wait(self, job_id: str, viewer: Viewer, **until: Any) -> JobRecord:
        await self._finish((await self.get(job_id, viewer)).id)
        return await super().wait(job_id, viewer, **until)


class ManualJobs(_Tested):
    """A job stays queued until the test has it run, or a function that is being run waits for it."""

    async def wait(self, job_id: str, viewer: Viewer, **until: Any) -> JobRecord:
        job = await self.get(job_id, viewer)
        if inside_function():
            await self._finish(job.id)
        elif job.status is Status.QUEUED:
            return job
        return await super().wait(job_id, viewer, **until)
