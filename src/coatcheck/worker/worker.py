"""A worker: claims jobs up to its free slots, runs them, settles what became of them."""

import asyncio
from collections.abc import Callable, Sequence

from coatcheck.domain.claim import Claim
from coatcheck.domain.outcome import Raised, Released
from coatcheck.domain.problem import timed_out
from coatcheck.feed.hints import Hints
from coatcheck.operations.operation import Operation
from coatcheck.service import Service
from coatcheck.settings import Settings
from coatcheck.store.contract import Store
from coatcheck.telemetry import Telemetry
from coatcheck.worker.ended import Ended
from coatcheck.worker.heartbeat import TRUST, Heartbeat
from coatcheck.worker.hop import Hop
from coatcheck.worker.isolation.processes import FindHome, Processes
from coatcheck.worker.prune import Prune
from coatcheck.worker.reporter import Reporter
from coatcheck.worker.run import ActiveRun, Interruption
from coatcheck.worker.runners import LAST_WORDS, Runners
from coatcheck.worker.settler import Settler
from coatcheck.worker.sweep import Sweep
from coatcheck.worker.transactions import Transactions
from coatcheck.worker.watchdog import Watchdog
from coatcheck.worker.workshop import Workshop


class Worker(Service):
    """Runs jobs. All its methods belong to one event loop, on which no function of a user ever runs; `services` turn there, too."""

    def __init__(  # noqa: PLR0913  it is wired once
        self,
        *,
        worker_id: str,
        settings: Settings,
        workshop: Workshop,
        home: FindHome,
        store: Store,
        hints: Hints,
        telemetry: Telemetry,
        operations: Sequence[str] | None = None,
        alive: Callable[[], None] = lambda: None,
        services: Sequence[Service] = (),
    ) -> None:
        super().__init__(interval=settings.poll_interval, telemetry=telemetry)
        self.id = worker_id
        self.overrun = asyncio.Event()
        """Set once a run ignored its deadline or cancel past the grace: this worker should drain and be replaced."""
        self._settings, self._registry, self._store, self._hints = settings, workshop.registry, store, hints
        self._clock = clock = workshop.clock
        self._operations = operations
        self._runs: dict[str, ActiveRun] = {}
        self._occupied, self._draining, self._stopped = 0, False, False
        self._hurried, self._idle = asyncio.Event(), asyncio.Event()
        processes = Processes(operations=self._isolated(), home=home, trust=settings.lease * TRUST, ended=self._ended, telemetry=telemetry)
        self._runners = Runners(workshop=workshop, processes=processes, ended=Hop(asyncio.get_running_loop(), self._ended))
        self._reporter = Reporter(runs=self._runs.values, store=store, telemetry=telemetry)
        self._settler = Settler(
            registry=self._registry, store=store, reporter=self._reporter, clock=clock, telemetry=telemetry, done=self._let_go
        )
        self._transactions = Transactions(store=store, reporter=self._reporter, clock=clock)
        self._services: list[Service] = [
            Heartbeat(
                worker_id=worker_id,
                runs=lambda: self._runs,
                store=store,
                clock=clock,
                telemetry=telemetry,
                lease=settings.lease,
                stall_limit=settings.stall_limit,
                alive=alive,
            ),
            Watchdog(runs=self._runs.values, overran=self._overran, grace=settings.grace, clock=clock, telemetry=telemetry),
            self._reporter,
            Prune(store=store, blobs=workshop.blobs, telemetry=telemetry),
            Sweep(store=store, blobs=workshop.blobs, telemetry=telemetry),
            *services,
        ]

    # Starting and stopping -------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the resources and begin to claim. Raises what a resource raises."""
        await self._runners.start()
        for service in self._services:
            await service.start()
        await super().start()
        assert self.bell is not None
        self._hints.add(self.bell)
        self._telemetry.emit("worker.started", worker=self.id, operations=self._claimable())

    async def stop(self, grace: float | None = None) -> None:
        """Stop claiming, tell the runs, wait `grace` seconds for them, stop and release what is left, and end.

        A release burns no attempt. `hurry` cuts the grace short. A second call does nothing.
        """
        if self._stopped:
            return
        await self.drain(self._settings.grace if grace is None else grace)
        for run in self._runs.values():
            run.interrupt(Interruption.STOPPED)
        self._hurried.clear()  # that was the grace; whoever obeys still gets to say so
        await self._wait_until_idle(LAST_WORDS)
        await self._kill_processes()
        for run in list(self._runs.values()):
            run.abandoned = True
            await self._settler.release(run, "its worker was shut down")
        for service in self._services:
            await service.stop()
        await self._runners.stop()
        self._stopped = True
        self._telemetry.emit("worker.stopped", worker=self.id)

    async def _kill_processes(self) -> None:
        if processes := [run.process for run in self._runs.values() if run.process is not None]:
            for process in processes:
                process.kill()
            await self._wait_until_idle(LAST_WORDS)

    async def drain(self, patience: float | None) -> None:
        """Claim nothing more and wait for the runs under way, `patience` seconds at most (None: as long as it takes).

        Runs that have overrun are not waited for.
        """
        if not self._draining:
            self._draining = True
            self._telemetry.emit("worker.draining", worker=self.id, running=len(self._runs))
        if self.bell is not None:
            self._hints.remove(self.bell)
        await super().stop()
        for run in self._runs.values():
            run.stop_soon()
        await self._wait_until_idle(patience)

    def hurry(self) -> None:
        """End the grace now."""
        self._hurried.set()

    async def _wait_until_idle(self, patience: float | None) -> None:
        self._tell_if_idle()
        waits = [asyncio.ensure_future(event.wait()) for event in (self._idle, self._hurried)]
        await asyncio.wait(waits, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    def _tell_if_idle(self) -> None:
        if all(run.overrun for run in self._runs.values()):
            self._idle.set()
        else:
            self._idle.clear()

    # Claiming --------------------------------------------------------------------------------------------------------

    async def turn(self) -> None:
        """Look once: stop what was cancelled, start what is due."""
        if self._runs:
            await self._obey_cancels()
        while (free := self._settings.concurrency - self._occupied) > 0 and not self._draining:
            claims = await self._store.claim(self.id, self._claimable(), free)
            if self._draining:  # told to stop while the store was being asked
                await self._store.settle_all([(claim, Released("its worker shuts down")) for claim in claims])
                return
            self._begin(claims)
            if len(claims) < free:
                return

    def _claimable(self) -> Sequence[str]:
        return self._registry.names() if self._operations is None else self._operations

    def _isolated(self) -> list[Operation[..., object]]:
        operations = [self._registry.find(name) for name in self._claimable()]
        return [operation for operation in operations if operation is not None and operation.isolation == "process"]

    async def _obey_cancels(self) -> None:
        for job_id in await self._store.cancel_requests(self.id):
            if run := self._runs.get(job_id):
                run.interrupt(Interruption.CANCELLED)

    def _begin(self, claims: Sequence[Claim]) -> None:
        runs = [ActiveRun(claim, self._clock, grace=self._settings.grace, transact=self._transactions.begin) for claim in claims]
        for run in runs:
            if earlier := self._runs.get(run.job_id):  # its lease ran out, and we were the first to claim the job again
                earlier.interrupt(Interruption.LOST)
            self._runs[run.job_id] = run
            self._telemetry.emit("job.started", job=run.claim.job)
        self._occupied += len(runs)
        self._runners.begin(runs)

    # Ending ----------------------------------------------------------------------------------------------------------

    def _ended(self, ended: Ended) -> None:
        self._occupied -= 1
        ended.run.ended = True
        if self.bell is not None:
            self.bell.ring()
        if not ended.run.abandoned:
            self._settler.add(ended)

    def _let_go(self, run: ActiveRun) -> None:
        if self._runs.get(run.job_id) is run:
            del self._runs[run.job_id]
        if self._draining:
            self._tell_if_idle()

    # Runs that do not end --------------------------------------------------------------------------------------------

    def _overran(self, run: ActiveRun) -> None:
        self._telemetry.emit("job.overrun", job=run.claim.job, interruption=run.interruption)
        if run.interruption is Interruption.TIMED_OUT:
            run.abandoned = True
            self._settler.add(Ended(run, Raised(timed_out(run.claim.job.timeout or 0.0))))
        self.overrun.set()
        self._tell_if_idle()
