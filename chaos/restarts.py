"""Restarts of PostgreSQL under load, then an outage: nothing is lost, hardly anything runs twice, nothing else is restarted."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from chaos.audit import Report, audit_url
from chaos.customers import Customers, orders
from chaos.host import Host
from chaos.outage import Outage
from chaos.overlay import copied
from chaos.pace import Pace
from chaos.processes import Descendant, descendants
from chaos.storm import LOOK_AGAIN, START_PATIENCE, STOP_PATIENCE, TARGET
from chaos.violation import Rule, Violation
from chaos.witness import Witness
from coatcheck.clock import SystemClock
from coatcheck.testing.harness import free_port
from coatcheck.testing.postgresql import Server

KEPT = ("supervisor", "api", "worker")
COUNT_AGAIN = 0.25
COUNT_PATIENCE = 2.0


@dataclass(frozen=True, kw_only=True)
class Course:
    """What happens."""

    jobs: int
    restarts: int
    down: float
    """Seconds for which the server is away, after the restarts."""
    around_outage: int
    """Further jobs, half of them before it."""
    apis: int = 2
    workers: int = 4
    seed: int = 0
    patience: float = 240.0
    """Seconds after the last request until every job must have ended."""


class Restarts:
    """One course, on a server that runs and has no jobs, in a directory of its own."""

    def __init__(self, course: Course, server: Server, directory: Path) -> None:
        self.course, self._server, self._directory = course, server, directory
        ports = [free_port() for _ in range(course.apis)]
        self._commands = {f"api-{number}": ["serve", TARGET, "--port", str(port), "--workers", "0"] for number, port in enumerate(ports, 1)}
        self._commands["workers"] = ["worker", TARGET, "--processes", str(course.workers)]
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        self._clock, self._pace, self.witness = SystemClock(), Pace("jobs", "ended", "restarts"), Witness()
        self.customers = Customers(urls, self.witness, self._pace, course.seed)
        self.outage = Outage(urls)
        self._hosts: list[Host] = []
        self.reports: list[Report] = []
        """What the checker found after the restarts, and after the outage."""
        self.away: list[float] = []
        """Seconds that each restart took."""
        self.back_after = 0.0
        """Seconds from the server's return after the outage until every API was ready."""

    def run(self) -> list[Violation]:
        """Take the course; everything that is wrong."""
        asyncio.run(self._run())
        report = self.reports[-1]
        return [*report.violations, *self.witness.violations, *self.witness.strangers(report.jobs)]

    async def _run(self) -> None:
        self._start()
        try:
            await self._until_ready()
            processes = self._processes()
            await self._restart_under_load()
            await self._check()
            await self._go_away_under_load()
            await self._check()
            self.witness.violations += [
                Violation(Rule.LEFT, f"the {was.role} {was.pid} is gone, which should have lived through it all")
                for was in processes - self._processes()
            ]
        finally:
            await self.customers.close()
            await asyncio.gather(*(host.stopped(STOP_PATIENCE) for host in self._hosts))

    def _start(self) -> None:
        settings = {"store": self._server.url, "grace": 3}
        package = copied(self._directory / "package")
        self._hosts = [
            Host(name, *command, directory=self._directory, settings=settings, package=package) for name, command in self._commands.items()
        ]

    async def _until_ready(self) -> None:
        expected = 2 * self.course.apis + 1 + self.course.workers
        async with asyncio.timeout(START_PATIENCE):
            while len(self._processes()) < expected or not self._workers_started() or not await self.customers.answers():
                await self._clock.sleep(LOOK_AGAIN)

    def _workers_started(self) -> bool:
        """Whether all have opened the store: one that cannot, to begin with, ends and is started again."""
        return (self._directory / "workers.log").read_text().count('"worker.started"') >= self.course.workers

    async def _restart_under_load(self) -> None:
        async with asyncio.TaskGroup() as beside:
            counting = beside.create_task(self._count_ended())
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._restart_often())
                tasks.create_task(self.customers.order_all(orders(self.course.jobs, self.course.seed)))
            await self._see_all_end()
            counting.cancel()
            self._pace.advance("ended", 1.0)  # which may not have been counted any more

    async def _restart_often(self) -> None:
        for number in range(1, self.course.restarts + 1):
            await self._pace.keep("restarts")
            began = self._clock.monotonic()
            await asyncio.to_thread(self._server.stop, "immediate")
            await asyncio.to_thread(self._server.start)
            self.away.append(self._clock.monotonic() - began)
            self._pace.advance("restarts", number / self.course.restarts)

    async def _count_ended(self) -> None:
        """Let new jobs and restarts wait for the jobs that are there to end: so the restarts are spread over the work."""
        while True:
            with suppress(psycopg.Error, TimeoutError):  # it is being restarted
                async with asyncio.timeout(COUNT_PATIENCE):
                    self._pace.advance("ended", await _ended(self._server.url) / self.course.jobs)
            await self._clock.sleep(COUNT_AGAIN)

    async def _go_away_under_load(self) -> None:
        wanted = orders(self.course.around_outage, self.course.seed, name="outage")
        half = len(self.witness.acknowledged) + len(wanted) // 2
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.customers.order_all(wanted))
            while len(self.witness.acknowledged) < half:
                await self._clock.sleep(LOOK_AGAIN)
            await asyncio.to_thread(self._server.stop, "immediate")
            await self.outage.ask(self.course.down)
            await asyncio.to_thread(self._server.start)
            began = self._clock.monotonic()
            while not await self.customers.answers():
                await self._clock.sleep(LOOK_AGAIN)
            self.back_after = self._clock.monotonic() - began
        await self._see_all_end()

    async def _see_all_end(self) -> None:
        with suppress(TimeoutError):  # then the checker names those that have not ended
            async with asyncio.timeout(self.course.patience):
                await self.customers.see_all_end()

    async def _check(self) -> None:
        self.reports.append(await asyncio.to_thread(audit_url, self._server.url, acknowledged=self.witness.acknowledged))

    def _processes(self) -> set[Descendant]:
        return {process for process in descendants() if process.role in KEPT}


async def _ended(url: str) -> int:
    """How many jobs have ended."""
    async with await psycopg.AsyncConnection.connect(url) as db:
        cursor = await db.execute("SELECT count(*) FROM coatcheck.jobs WHERE completed_at IS NOT NULL")
        (count,) = await cursor.fetchone() or (0,)
    return int(count)
