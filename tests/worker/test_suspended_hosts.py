"""F43: a worker that slept for hours, with leases that were over long ago, wakes up and goes on where it was."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from coatcheck import Job
from coatcheck.domain.event import EventType
from coatcheck.domain.progress import Progress
from coatcheck.domain.state import Status
from coatcheck.store.contract import LogEntry
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.conformance.scenario import COMPLETED
from coatcheck.testing.signals import Flag
from coatcheck.worker.heartbeat import Heartbeat
from coatcheck.worker.rescue import Rescue
from tests.worker.site import opened, service_of


def sleep_for_hours(clock: FakeClock) -> None:
    clock.advance(3 * 3600)


@pytest.mark.parametrize("pass_time", [sleep_for_hours, FakeClock.reboot])
async def test_a_worker_that_slept_writes_nothing_over_its_successor_and_drops_the_job_at_its_first_heartbeat(
    tmp_path: Path, pass_time: Callable[[FakeClock], None]
) -> None:
    """The same where the host has booted since, as the copy of a virtual machine may find it: all older leases are over."""
    asleep, awake = FakeClock(), FakeClock()
    started, stopped, release = [Flag(), Flag()], Flag(), threading.Event()

    async def wait(job: Job) -> int:
        started[job.attempt - 1].raise_()
        try:
            await asyncio.to_thread(release.wait, 30)
        except asyncio.CancelledError:
            stopped.raise_()
            raise
        return job.attempt

    async with opened(tmp_path, clock=asleep) as sleeper, opened(tmp_path, clock=awake) as other:
        handle = await sleeper.jobs.operation("/wait", timeout=None)(wait).submit()
        other.jobs.operation("/wait", timeout=None)(wait)
        worker = await sleeper.work("sleeper")
        await started[0].raised()
        await worker.drain(patience=0)  # whatever it is told later, it claims nothing more
        await service_of(worker, Rescue).stop()  # nor takes it back what its successor will hold
        claim = worker._runs[handle.id].claim

        assert await other.store.rescue() == []
        pass_time(awake)
        successor = await other.work("successor")
        await service_of(successor, Rescue).turn()
        await started[1].raised()

        assert await sleeper.store.report(claim, Progress(percent=99), [LogEntry("info", "late", 0.0)]) is False
        assert await sleeper.store.checkpoint(claim, b"{}") is False
        assert await sleeper.store.settle(claim, COMPLETED) is None

        pass_time(asleep)
        await service_of(worker, Heartbeat).turn()
        await stopped.raised()  # its run was cancelled, though nothing released it
        await sleeper.signals.told("job.late_write", job=handle.id)
        job = await handle.job()
        assert (job.status, job.worker, job.fence, job.crashes) == (Status.RUNNING, "successor", 2, 1)
        release.set()
        await other.signals.told("job.completed", job=handle.id)
        assert await handle.result() == 2
        history = [(event.type, event.worker) for event in await other.events(handle)]
        assert history == [
            (EventType.ACCEPTED, None),
            (EventType.STARTED, "sleeper"),
            (EventType.RESCUED, "sleeper"),
            (EventType.STARTED, "successor"),
            (EventType.COMPLETED, "successor"),
        ]
