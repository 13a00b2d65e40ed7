"""An application with its store open, and workers of it on the test's own event loop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from coatcheck.app import Coatcheck
from coatcheck.clock import Clock
from coatcheck.domain.event import Event, EventType
from coatcheck.domain.job import JobRecord
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.problem import Problem
from coatcheck.errors import JobFailed
from coatcheck.handle import Handle
from coatcheck.service import Service
from coatcheck.store.contract import Store
from coatcheck.testing.signals import Signals
from coatcheck.worker.worker import Worker

S = TypeVar("S", bound=Service)

_QUICK = {"durability": "process"}
"""Nothing here cuts the power."""


class Site:
    """What a test of a worker needs."""

    def __init__(self, jobs: Coatcheck) -> None:
        self.jobs = jobs
        self.signals = Signals(jobs.telemetry)
        self.workers: list[Worker] = []

    @property
    def store(self) -> Store:
        return self.jobs.wiring.store

    async def work(self, worker_id: str | None = None, **options: Any) -> Worker:
        """Start a worker, stopped at the end of the test."""
        worker = self.jobs.make_worker(worker_id, **options)
        await worker.start()
        self.workers.append(worker)
        return worker

    async def job(self, handle: Handle[Any]) -> JobRecord:
        return await handle.job()

    async def ended(self, handle: Handle[Any]) -> JobRecord:
        """The job once it has ended."""
        return await self.jobs.wiring.jobs.wait(handle.id, SYSTEM)

    async def failure(self, handle: Handle[Any]) -> Problem:
        """Why the job failed."""
        with pytest.raises(JobFailed) as failed:
            await handle.result()
        assert isinstance(failed.value.problem, Problem)
        return failed.value.problem

    async def events(self, handle: Handle[Any], *types: EventType) -> list[Event]:
        """The job's history, or those events of it that have these types."""
        events = await self.store.events(handle.id, SYSTEM)
        return [event for event in events if not types or event.type in types]


def service_of(worker: Worker, kind: type[S]) -> S:
    """One of the worker's services, to make single turns of it."""
    (service,) = [service for service in worker._services if isinstance(service, kind)]
    return service


@asynccontextmanager
async def opened(directory: Path, *, clock: Clock | None = None, **settings: Any) -> AsyncIterator[Site]:
    """A site on a file in `directory`."""
    usual = {"store": f"sqlite:///{directory / 'jobs.db'}", **_QUICK}
    jobs = Coatcheck(embedded_worker=False, clock=clock, **usual | settings)
    async with jobs.opened():
        site = Site(jobs)
        try:
            yield site
        finally:
            for worker in site.workers:
                await worker.stop(grace=0)
