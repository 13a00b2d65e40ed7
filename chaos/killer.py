"""Whoever kills and freezes, at random moments."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Callable, Collection, Mapping

from chaos.pace import Pace
from chaos.processes import Descendant, descendants, send
from coatcheck.clock import SystemClock

ROLES = {"worker": 60, "job": 18, "fork server": 8, "api": 8, "supervisor": 6}
"""Role → how many of a hundred kills hit one."""
FROZEN_AT_ONCE = 2
LOOK_AGAIN = 0.02
BORED = 3.0
"""Seconds until what it waits for is not waited for any more."""
FREEZES_WITH = ("supervisor", "worker")
WHOLE_HOST = 0.3
"""The share of freezes that hit a supervisor with all its workers; the others hit one worker."""


class Killer:
    """Kills `kills` times and freezes `stops` times, `interval` seconds apart on average.

    What is frozen is not killed, or no zombie would come back. Workers are frozen that hold jobs, which `held()` gives with their
    pids, unless there is none for a while; one is left that may take their jobs. A freeze takes `freeze` seconds, and then until
    somebody else has begun with such a job, so that what the first one still writes is late.
    """

    def __init__(
        self,
        *,
        kills: int,
        stops: int,
        interval: float,
        freeze: float,
        held: Callable[[], Mapping[str, int]],
        pace: Pace,
        seed: int,
    ) -> None:
        self.killed: Counter[str] = Counter()
        self.frozen: Counter[str] = Counter()
        self._blows = ["kill"] * kills + ["stop"] * stops
        self._interval, self._freeze, self._held, self._pace = interval, freeze, held, pace
        self._random, self._clock = random.Random(seed), SystemClock()
        self._random.shuffle(self._blows)
        self._places = asyncio.Semaphore(FROZEN_AT_ONCE)
        self._cold: set[Descendant] = set()

    async def run(self) -> None:
        """Strike until all blows have hit something, and all that was frozen is thawed."""
        async with asyncio.TaskGroup() as freezes:
            for number, blow in enumerate(self._blows, 1):
                await self._pace.keep("blows")
                await self._clock.sleep(self._random.expovariate(1 / self._interval))
                if blow == "kill":
                    await self._kill()
                else:
                    await self._places.acquire()
                    freezes.create_task(self._stop())
                self._pace.advance("blows", number / len(self._blows))

    async def _kill(self) -> None:
        while True:
            there = self._within_reach()
            roles = [role for role in ROLES if any(process.role == role for process in there)]
            role = self._random.choices(roles, [ROLES[role] for role in roles])[0] if roles else ""
            victims = [process for process in there if process.role == role]
            if victims and send(self._random.choice(victims), signal.SIGKILL):
                self.killed[role] += 1
                return
            await self._clock.sleep(LOOK_AGAIN)

    async def _stop(self) -> None:
        """Freeze a worker, or a supervisor and its workers, for longer than its lease; then let it go on."""
        try:
            chosen = await self._choose()
            self._cold.update(chosen)
            for process in chosen:
                send(process, signal.SIGSTOP)
            self.frozen["host" if len(chosen) > 1 else "worker"] += 1
            jobs = self._held_by(chosen)
            await self._clock.sleep(self._freeze)
            await self._until_taken(jobs, chosen)
            for process in reversed(chosen):
                send(process, signal.SIGCONT)
            self._cold.difference_update(chosen)
        finally:
            self._places.release()

    async def _choose(self) -> list[Descendant]:
        idle_at = self._clock.monotonic() + BORED
        while True:
            there = self._within_reach()
            workers = [process for process in there if process.role == "worker"]
            busy = set(self._held().values()) if self._clock.monotonic() < idle_at else {process.pid for process in workers}
            choices = [process for process in workers if process.pid in busy]
            if choices and len(workers) > 1:
                worker = self._random.choice(choices)
                host = [process for process in there if process.supervisor == worker.supervisor and process.role in FREEZES_WITH]
                others = [process for process in workers if process not in host]
                return host if others and self._random.random() < WHOLE_HOST else [worker]
            await self._clock.sleep(LOOK_AGAIN)

    async def _until_taken(self, jobs: set[str], chosen: Collection[Descendant]) -> None:
        ends = self._clock.monotonic() + BORED
        while not self._held().keys() & jobs - self._held_by(chosen) and self._clock.monotonic() < ends:
            await self._clock.sleep(LOOK_AGAIN)

    def _held_by(self, chosen: Collection[Descendant]) -> set[str]:
        pids = {process.pid for process in chosen}
        return {job_id for job_id, pid in self._held().items() if pid in pids}

    def _within_reach(self) -> list[Descendant]:
        """What is not frozen, nor the supervisor of something frozen."""
        spared = {pid for process in self._cold for pid in (process.pid, process.supervisor)}
        return [process for process in descendants() if process.pid not in spared]
