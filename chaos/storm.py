"""The kill storm: a real service, real clients, and somebody who kills its processes."""

import asyncio
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chaos.audit import Report, audit_url
from chaos.customers import Customers, orders
from chaos.host import Host
from chaos.killer import Killer
from chaos.overlay import copied
from chaos.pace import Pace
from chaos.processes import descendants, send
from chaos.stores import Stormed
from chaos.violation import Rule, Violation
from chaos.witness import Witness
from coatcheck.clock import SystemClock
from coatcheck.domain.event import EventType
from coatcheck.testing.harness import free_port
from coatcheck.worker import orphans

TARGET = "chaos.application:jobs"
SWEEP = 1.0
"""Seconds between two looks for leases that are over."""
STOP_PATIENCE = 15.0
START_PATIENCE = 30.0
LOOK_AGAIN = 0.05


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How hard it blows."""

    jobs: int
    kills: int
    stops: int
    workers: int = 4
    seed: int = 0
    sabotage: str | None = None
    only: str | None = None
    """The one operation that is asked for; by default a mix."""
    lease: float = 1.0
    """Seconds; short, so that a freeze need not take 15 s to cost a worker its claims."""
    interval: float = 0.35
    """Seconds between two blows, on average."""
    patience: float = 120.0
    """Seconds after the last blow until every job must have ended."""

    @property
    def freeze(self) -> float:
        """Seconds of a freeze: a lease, a sweep, and some until another has begun with the job."""
        return self.lease + SWEEP + 0.7


class Storm:
    """One storm, in a directory of its own, on an empty store."""

    def __init__(self, plan: Plan, store: Stormed, directory: Path) -> None:
        self.plan, self._store, self._directory = plan, store, directory
        self._port = free_port()
        self._clock, self._pace, self.witness = SystemClock(), Pace("jobs", "blows"), Witness()
        self.customers = Customers([f"http://127.0.0.1:{self._port}"], self.witness, self._pace, plan.seed)
        self.killer = Killer(
            kills=plan.kills,
            stops=plan.stops,
            interval=plan.interval,
            freeze=plan.freeze,
            held=store.held,
            pace=self._pace,
            seed=plan.seed,
        )
        self.hosts: list[Host] = []

    def run(self) -> Report:
        """Let it blow; what the checker found."""
        orphans.adopt()  # so that none gets lost from sight
        asyncio.run(self._blow())
        report = audit_url(self._store.url, acknowledged=self.witness.acknowledged)
        report.violations += [*self.witness.violations, *self.witness.strangers(report.jobs)]
        return report

    def refused(self) -> int:
        """Writes of workers that had lost their claim, each refused and told in the log."""
        return sum(host.log.count('"job.late_write"') for host in self.hosts)

    async def _blow(self) -> None:
        self._start()
        init = asyncio.create_task(self._keep_running())
        try:
            await self._until_ready()
            wanted = orders(self.plan.jobs, self.plan.seed, only=self.plan.only)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.killer.run())
                tasks.create_task(self.customers.order_all(wanted))
            with suppress(TimeoutError):  # then the checker names those that have not ended
                async with asyncio.timeout(self.plan.patience):
                    await self.customers.see_all_end()
        finally:
            init.cancel()
            await self.customers.close()
            await self._stop()

    def _start(self) -> None:
        settings = {
            "store": self._store.url,
            "lease": self.plan.lease,
            "grace": 3,
            "durability": "process",  # which is what dies here; nothing cuts the power
        }
        package = copied(self._directory / "package", self.plan.sabotage)
        port, workers = str(self._port), str(self.plan.workers)
        beside = str(max(1, self.plan.workers // 2))
        self.hosts = [
            Host(
                "serve",
                *("serve", TARGET, "--port", port, "--workers", workers),
                directory=self._directory,
                settings=settings,
                port=self._port,
                package=package,
            ),
            Host("worker", "worker", TARGET, "--processes", beside, directory=self._directory, settings=settings, package=package),
        ]

    async def _keep_running(self) -> None:
        """Do what an init system does: start again what died, collect what it left."""
        while True:
            for host in self.hosts:
                host.revive()
            orphans.reap({host.pid for host in self.hosts})
            await self._clock.sleep(LOOK_AGAIN)

    async def _until_ready(self) -> None:
        async with asyncio.timeout(START_PATIENCE):
            while not await self.customers.answers():
                await self._clock.sleep(LOOK_AGAIN)

    async def _stop(self) -> None:
        """Tell everything to stop; what is still there then was left behind."""
        statuses = await asyncio.gather(*(host.stopped(STOP_PATIENCE) for host in self.hosts))
        self.witness.violations += [
            Violation(Rule.LEFT, f"a supervisor that was told to stop ended with {status}") for status in statuses if status != 0
        ]
        await self._clock.sleep(0.5)  # the kernel is about to end what depended on them
        for process in descendants():
            self.witness.violations.append(Violation(Rule.LEFT, f"a process of the kind {process.role} ({process.pid})"))
            send(process, signal.SIGKILL)


def figures(storm: Storm, report: Report) -> dict[str, int | float | str | None]:
    """What happened, for people and for programs."""
    plan, events = storm.plan, report.events
    statuses = [job.status.value for job in report.jobs]
    return {
        "seed": plan.seed,
        "sabotage": plan.sabotage,
        "jobs": len(report.jobs),
        "acknowledged": len(storm.witness.acknowledged),
        **{name: statuses.count(name) for name in ("completed", "failed", "cancelled")},
        "kills": storm.killer.killed.total(),
        **{f"kills of a {role}": count for role, count in sorted(storm.killer.killed.items())},
        "freezes": storm.killer.frozen.total(),
        **{f"freezes of a {what}": count for what, count in sorted(storm.killer.frozen.items())},
        "supervisors started again": sum(host.restarts for host in storm.hosts),
        "attempts": events[EventType.STARTED],
        "rescues": events[EventType.RESCUED],
        "retries by a client": events[EventType.RETRIED],
        "requests sent again": storm.customers.repeated,
        "late writes refused": storm.refused(),
    }
