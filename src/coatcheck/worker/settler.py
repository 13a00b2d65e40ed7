"""Recording how runs ended."""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from coatcheck.clock import Clock
from coatcheck.domain.job import JobRecord
from coatcheck.domain.outcome import Completed, Crashed, Failed, Outcome, Released, decide
from coatcheck.domain.problem import operation_failed
from coatcheck.domain.state import Status
from coatcheck.errors import StoreUnavailable
from coatcheck.operations.registry import Registry
from coatcheck.store.contract import Store
from coatcheck.telemetry import Telemetry
from coatcheck.worker.ended import Ended
from coatcheck.worker.landed import landed
from coatcheck.worker.reporter import Reporter
from coatcheck.worker.run import ActiveRun, Interruption
from coatcheck.worker.transactions import STORE_PAUSE

MOST = 200
"""Endings that are recorded at once."""
MOST_BYTES = 4 * 1024 * 1024
"""Bytes of results above which no further ending is recorded with them."""


class _Ending(NamedTuple):
    """A run, what its end makes of the job, and what its function raised; `unrecordable`: this stands for what could not be recorded."""

    run: ActiveRun
    outcome: Outcome
    error: BaseException | None
    unrecordable: bool = False


class Settler:
    """Settles the jobs of runs that have ended, and tells of it.

    What ended while the last ones were settled is settled together: no delay is added to make groups. `done` is called with each run.
    """

    def __init__(
        self, *, registry: Registry, store: Store, reporter: Reporter, clock: Clock, telemetry: Telemetry, done: Callable[[ActiveRun], None]
    ) -> None:
        self._registry, self._store, self._reporter = registry, store, reporter
        self._clock, self._telemetry, self._done = clock, telemetry, done
        self._random = random.Random()  # noqa: S311  spreads retries
        self._waiting: deque[_Ending] = deque()
        self._task: asyncio.Task[None] | None = None

    def add(self, ended: Ended) -> None:
        """Settle the job of a run, as soon as the store can be reached and has what the run said."""
        run, ending = ended.run, _Ending(ended.run, self._decide(ended), ended.error)
        if run.unsaid or run.flushing.locked():
            run.settling = asyncio.create_task(self._flush_first(ending))
        else:
            self._add(ending)

    async def release(self, run: ActiveRun, reason: str) -> None:
        """Give a run back whose function ends with this process; a cancelled one is cancelled only then, by its rescue."""
        outcome = Released(reason)
        with suppress(StoreUnavailable):  # then the lease runs out
            await self._reporter.flush(run)
            if run.settled is not None or not run.cancelled:
                self._tell(_Ending(run, outcome, None), run.settled or await self._store.settle(run.claim, outcome))
        self._done(run)

    def _decide(self, ended: Ended) -> Outcome:
        job = ended.run.claim.job
        operation = self._registry.find(job.operation)
        assert operation is not None
        return decide(
            ended.ending,
            failures=job.failures,
            crashes=job.crashes,
            max_attempts=job.max_attempts,
            backoff=operation.backoff,
            random=self._random,
        )

    async def _flush_first(self, ending: _Ending) -> None:
        try:
            while not await self._flushed(ending.run):
                await self._clock.sleep(STORE_PAUSE)
        except Exception as error:  # noqa: BLE001  what cannot be recorded still has to end
            ending = self._unrecordable(ending, error)
        self._add(ending)

    async def _flushed(self, run: ActiveRun) -> bool:
        try:
            await self._reporter.flush(run)
        except StoreUnavailable:
            return False
        return True

    def _add(self, ending: _Ending) -> None:
        self._waiting.append(ending)
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="coatcheck-settler")

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._settle(self._take())
        finally:
            self._task = None

    def _take(self) -> Sequence[_Ending]:
        taken: list[_Ending] = []
        size = 0
        while self._waiting and len(taken) < MOST and size < MOST_BYTES:
            taken.append(self._waiting.popleft())
            size += _size(taken[-1].outcome)
        return taken

    async def _settle(self, endings: Sequence[_Ending]) -> None:
        try:
            jobs = await self._settled(endings)
        except Exception as error:  # noqa: BLE001  likewise
            await self._settle_apart(endings, error)
            return
        for ending, job in zip(endings, jobs, strict=True):
            self._tell(ending, job)
            self._done(ending.run)

    async def _settle_apart(self, endings: Sequence[_Ending], error: Exception) -> None:
        """One of them cannot be recorded: the others are, and it fails; if not even that can be recorded, its lease runs out."""
        if len(endings) > 1:
            for ending in endings:
                await self._settle([ending])
            return
        [ending] = endings
        instead = self._unrecordable(ending, error)
        if ending.unrecordable:
            self._done(ending.run)
        else:
            await self._settle([instead])

    def _unrecordable(self, ending: _Ending, error: Exception) -> _Ending:
        self._telemetry.emit("service.failed", service="settle", error=error)
        problem = operation_failed(type(error).__name__, f"How the run ended could not be recorded: {error}")
        return _Ending(ending.run, Failed(problem), ending.error, unrecordable=True)

    async def _settled(self, endings: Sequence[_Ending]) -> Sequence[JobRecord | None]:
        """Try until the store has answered; each job as it was left, None where its claim was lost before."""
        unanswered = False
        while True:
            try:
                jobs = await self._answered(endings)
                return [await self._landed(each, job) for each, job in zip(endings, jobs, strict=True)] if unanswered else jobs
            except StoreUnavailable:
                unanswered = True
                await self._clock.sleep(STORE_PAUSE)

    async def _answered(self, endings: Sequence[_Ending]) -> Sequence[JobRecord | None]:
        held = [each for each in endings if each.run.settled is None and each.run.interruption is not Interruption.LOST]
        jobs = await self._store.settle_all([(each.run.claim, each.outcome) for each in held])
        settled = dict(zip((each.run for each in held), jobs, strict=True))
        return [settled.get(each.run, each.run.settled) for each in endings]

    async def _landed(self, ending: _Ending, job: JobRecord | None) -> JobRecord | None:
        return job or await landed(self._store, ending.run.claim)

    def _tell(self, ending: _Ending, job: JobRecord | None) -> None:
        if job is None:
            self._telemetry.emit("job.late_write", job=ending.run.claim.job, write="settle")
            return
        match job.status:
            case Status.COMPLETED:
                self._telemetry.emit("job.completed", job=job)
            case Status.FAILED:
                self._telemetry.emit("job.failed", job=job, error=ending.error)
            case Status.CANCELLED:
                self._telemetry.emit("job.cancelled", job=job)
            case _:
                self._telemetry.emit(_pause(ending.outcome), job=job, error=None if isinstance(ending.outcome, Released) else ending.error)


def _size(outcome: Outcome) -> int:
    """Bytes of its result."""
    return len(outcome.result.body or b"") if isinstance(outcome, Completed) else 0


def _pause(outcome: Outcome) -> str:
    """The telemetry event of a job that goes back to the queue."""
    match outcome:
        case Released():
            return "job.released"
        case Crashed():
            return "job.rescued"
        case _:
            return "job.retrying"
