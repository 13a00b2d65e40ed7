"""Where the jobs of an application under test are run: by a real worker, when somebody says so."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, cast

from coatcheck.app import Coatcheck
from coatcheck.domain.claim import Claim
from coatcheck.domain.job import JobRecord
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.state import Status
from coatcheck.http.wiring import Wiring
from coatcheck.store.contract import Listing
from coatcheck.telemetry import Telemetry
from coatcheck.testing.attempt import Attempt
from coatcheck.testing.clock import FakeClock
from coatcheck.worker.event_loop import LoopThread
from coatcheck.worker.prune import Prune
from coatcheck.worker.runners import LAST_WORDS
from coatcheck.worker.worker import Worker

_ENDS = {"job.completed", "job.failed", "job.retrying", "job.released", "job.rescued", "job.cancelled"}
"""Events that tell of the end of an attempt."""
_PAGE = 200


class PacedWorker(Worker):
    """A worker that starts a job when it is told to, and sends no webhook: those stay owed."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts | {"services": ()})

    async def turn(self) -> None:
        if self._runs:
            await self._obey_cancels()

    async def take(self, operations: Sequence[str]) -> Claim | None:
        """Start the next job of these operations that is due, if there is one."""
        claims = await self._store.claim(self.id, operations, 1)
        self._begin(claims)
        return claims[0] if claims else None


class Bench:
    """A worker on a thread of its own. Its coroutines belong to that thread's event loop, `thread.loop`.

    The worker is made, and its resources are opened, when there is a first job to run.
    """

    def __init__(self, application: Coatcheck, clock: FakeClock) -> None:
        self.thread = LoopThread("coatcheck-test-worker")
        self.telemetry = Telemetry()
        """Goes on to the application's own subscribers."""
        self.telemetry.subscribe(lambda event, facts: application.telemetry.emit(event, **facts))
        self.telemetry.subscribe(self._hear)
        self.errors: dict[str, BaseException] = {}
        """What the last attempt at each job raised that did."""
        self.sent: set[str] = set()
        """Fire-and-forget requests that wait or run."""
        self._heard = asyncio.Event()
        self._application, self._clock = application, clock
        self._attempts: dict[str, asyncio.Future[Attempt]] = {}
        """The newest attempt at each job."""
        self._made: list[asyncio.Future[Attempt]] = []
        """All attempts, in the order they began."""
        self._life = AsyncExitStack()
        self._worker: PacedWorker | None = None
        self._taking = asyncio.Lock()
        self._pruned_at = clock.now()

    # Its life ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the thread, and open the store there."""
        self.thread.start()
        self.thread.wait_for(self._life.enter_async_context(self._application.lifespan()))

    def stop(self) -> None:
        """Stop what still runs, close all, and end the thread."""
        try:
            self.thread.wait_for(self._life.aclose())
        finally:
            self.thread.end(LAST_WORDS)

    async def _ready(self) -> PacedWorker:
        if self._worker is None:
            worker = self._application.make_worker("test", kind=PacedWorker)
            assert isinstance(worker, PacedWorker)
            await worker.start()
            self._life.push_async_callback(worker.stop, 0)
            self._worker = worker
        return self._worker

    # Running -----------------------------------------------------------------------------------------------------

    async def run(self) -> Attempt | None:
        """Make the next attempt that is due, and say what became of it; None where none is."""
        async with self._taking:
            claim = await (await self._ready()).take(self._wiring.registry.names())
        if claim is None:
            return None
        return await asyncio.shield(self._attempts[claim.job_id])

    async def drain(self) -> list[Attempt]:
        """Make all attempts that are due, and those that follow from them; the clock is set on to where retries are due."""
        made_before, losable = len(self._made), cast("Any", self._wiring.losable)
        while True:
            while await self.run() is not None or await losable.drain():
                pass
            retries = [job.not_before async for job in self.queued() if job.attempt]
            if not retries:
                return [attempt.result() for attempt in self._made[made_before:] if attempt.done()]
            self._skip_to(min(retries))

    async def finish(self, job_id: str) -> None:
        """Run a job to its end, retries included, whenever they are due; whoever runs it already is waited for."""
        while True:
            async with self._taking:
                job = await self._wiring.store.get(job_id, SYSTEM)
                queued = isinstance(job, JobRecord) and job.status is Status.QUEUED
                if isinstance(job, JobRecord) and queued:
                    self._skip_to(job.not_before)
                    await (await self._ready()).take([job.operation])
            attempt = self._attempts.get(job_id)
            if attempt is not None and not attempt.done():
                await asyncio.wait([attempt])
            elif not queued:
                return

    async def all_done(self) -> None:
        """Return once no fire-and-forget request waits or runs."""
        while self.sent:
            self._heard.clear()
            await self._heard.wait()

    async def settled(self, job_id: str) -> None:
        """Return once nothing is left to be told of the attempt at a job that has ended."""
        attempt = self._attempts.get(job_id)
        if attempt is not None:
            await asyncio.wait([attempt])

    # Time --------------------------------------------------------------------------------------------------------

    @property
    def moved(self) -> bool:
        """Whether time has passed since expired jobs were last removed."""
        return self._clock.now() != self._pruned_at

    async def prune(self) -> None:
        """Remove what has expired, as a worker does every minute."""
        self._pruned_at = self._clock.now()
        await Prune(store=self._wiring.store, blobs=self._wiring.blobs, telemetry=self.telemetry).turn()

    async def queued(self) -> AsyncIterator[JobRecord]:
        """All jobs that are queued, newest first."""
        before: str | None = None
        while page := await self._wiring.store.list(SYSTEM, Listing(statuses=frozenset({Status.QUEUED}), before=before, limit=_PAGE)):
            for job in page:
                yield job
            before = page[-1].id

    def _skip_to(self, moment: float) -> None:
        # The wall clock alone: nothing that runs meanwhile comes nearer to its deadline.
        if moment > self._clock.now():
            self._clock.set_wall(moment)

    # -------------------------------------------------------------------------------------------------------------

    @property
    def _wiring(self) -> Wiring:
        return self._application.wiring

    def _hear(self, event: str, facts: Mapping[str, Any]) -> None:
        match event, facts:
            case "losable.accepted", {"request": request}:
                self.sent.add(request)
            case "losable.completed" | "losable.failed", {"request": request}:
                self.sent.discard(request)
                self.thread.loop.call_soon_threadsafe(self._heard.set)
            case _, {"job": JobRecord() as job}:
                self._hear_of(job, event, facts)

    def _hear_of(self, job: JobRecord, event: str, facts: Mapping[str, Any]) -> None:
        if (error := facts.get("error")) is not None:
            self.errors[job.id] = error
        if event == "job.started":
            self._attempts[job.id] = self.thread.loop.create_future()
            self._made.append(self._attempts[job.id])
        elif event in _ENDS or (event == "job.late_write" and facts.get("write") == "settle"):
            self._tell(job.id, Attempt(job, error))

    def _tell(self, job_id: str, attempt: Attempt) -> None:
        future = self._attempts.get(job_id)
        if future is not None:
            self.thread.loop.call_soon_threadsafe(_resolve, future, attempt)


def _resolve(future: asyncio.Future[Attempt], attempt: Attempt) -> None:
    if not future.done():
        future.set_result(attempt)
