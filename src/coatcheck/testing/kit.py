"""Testing an application's operations: its own functions, routes and worker, a store that lasts for the test, and no waiting.

    async with inline(jobs):                     # a submission returns once the job has been run to its end
        handle = await sales_report.submit(request)
        assert await handle.result() == Report(total=17)

    async with manual(jobs) as kit:              # nothing runs until told
        handle = await sales_report.submit(request)
        assert await handle.status() == "queued"
        attempt = await kit.run()
        assert attempt.status == "completed"

`with` does the same in plain functions, and for `TestClient`. Jobs are kept in a SQLite file in a temporary folder; what the
application was set to is as it was when the block is left. Arguments and results cross the same formats as in production.
"""

import asyncio
import dataclasses
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

from coatcheck.app import Coatcheck
from coatcheck.clock import SystemClock
from coatcheck.jobs import Jobs
from coatcheck.operations.limits import Limits
from coatcheck.operations.operation import Operation
from coatcheck.operations.registry import Registry
from coatcheck.settings import Settings
from coatcheck.testing.attempt import Attempt, AwaitableAttempt, AwaitableAttempts
from coatcheck.testing.bench import Bench
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.losable import InlineLosable, ManualLosable
from coatcheck.testing.modes import InlineJobs, ManualJobs
from coatcheck.worker.losable import Losable

__all__ = ["Attempt", "Kit", "NothingDue", "inline", "manual"]

_LEASE = 1e9
"""Seconds: whatever time a test lets pass in one go, a run keeps its lease, as heartbeats would have it."""


class NothingDue(LookupError):
    """There is no job to run now."""


class Kit:
    """What a test has in hand."""

    def __init__(self, bench: Bench, clock: FakeClock, store: str) -> None:
        self.clock = clock
        """The application's clock: it stands still until `clock.advance(seconds)`. Delays, backoff, timeouts and expiry follow."""
        self.store = store
        """URL of the store, whose file is gone after the test."""
        self._bench = bench

    def run(self) -> AwaitableAttempt:
        """Make one attempt, at the job that has been due longest, and say what became of it. In an `async def`, await it.

        Raises NothingDue, which says what is queued for later, and what a resource hook raises.
        """
        return AwaitableAttempt(self._bench.thread, self._run())

    def drain(self) -> AwaitableAttempts:
        """Make all attempts that are due, and those that follow: jobs that jobs submit, and retries. Await it likewise.

        Fire-and-forget requests are run as well.

        The clock is set on to where each retry is due. What was submitted with a delay stays queued until the clock is there.
        """
        return AwaitableAttempts(self._bench.thread, self._bench.drain())

    async def _run(self) -> Attempt:
        attempt = await self._bench.run()
        if attempt is not None:
            return attempt
        now = self.clock.now()
        later = [f"{job.operation} in {job.not_before - now:g} s" async for job in self._bench.queued()]
        raise NothingDue(f"No job is due. Queued for later: {', '.join(later[:10]) or 'none'}.")


class UnderTest:
    """An application that a test is about to enter, by `with` or by `async with`."""

    def __init__(self, application: Coatcheck, jobs: Callable[..., Jobs], losable: Callable[..., Losable]) -> None:
        self._application, self._jobs, self._losable = application, jobs, losable
        self._undo = ExitStack()

    def __enter__(self) -> Kit:
        application, clock = self._application, FakeClock(SystemClock().now())
        with ExitStack() as undo:
            folder = undo.enter_context(TemporaryDirectory(prefix="coatcheck-test-", ignore_cleanup_errors=True))
            bench, settings = Bench(application, clock), _settings(application.settings, folder)
            parts = {"make_jobs": partial(self._jobs, bench), "make_losable": partial(self._losable, bench)}
            undo.enter_context(application.reassembled(settings, clock, bench.telemetry, _Unisolated(application.registry), **parts))
            undo.callback(bench.stop)
            bench.start()
            self._undo = undo.pop_all()
        return Kit(bench, clock, settings.store)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._undo.close()

    async def __aenter__(self) -> Kit:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(self, *raised: object) -> None:
        await asyncio.to_thread(self._undo.close)


def inline(application: Coatcheck) -> UnderTest:
    """Within the block, a job has been run to its end when its submission returns, or is answered with 202.

    Retries included; time that a delay or a backoff asks for passes at once. A job submitted in a transaction runs when it is
    waited for, or by `kit.drain()`.

    Raises ConfigurationError, on entering, for an application that is open already.
    """
    return UnderTest(application, InlineJobs, InlineLosable)


def manual(application: Coatcheck) -> UnderTest:
    """Within the block, jobs stay queued until `kit.run()` or `kit.drain()`.

    Whoever waits for one that is queued is answered at once, as if the time to wait had passed; but a function that waits
    for another job has it run. Raises ConfigurationError, on entering, for an application that is open already.
    """
    return UnderTest(application, ManualJobs, ManualLosable)


def _settings(own: Settings, folder: str) -> Settings:
    store = f"sqlite:///{folder}/jobs.db"
    return dataclasses.replace(own, store=store, blobs=None, signed_urls=0, durability="process", embedded_worker=False, lease=_LEASE)


class _Unisolated(Registry):
    """The same operations, those to come included, and none in a process of its own.

    There, they would find a module imported afresh: without what the test has patched, out of reach of debugger and coverage,
    and what they raise could not be shown with its traceback.
    """

    def __init__(self, registry: Registry) -> None:
        self.__dict__ = registry.__dict__

    def find(self, name: str) -> Operation[..., Any] | None:
        found = super().find(name)
        return found and dataclasses.replace(found, isolation="thread", limits=Limits())
