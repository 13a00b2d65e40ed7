"""Webhooks to receivers that misbehave, by dispatchers that are killed: each is delivered or dead at the end, and none is lost."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chaos.hooked import TARGET, application
from chaos.host import Host
from chaos.overlay import copied
from chaos.processes import descendants, send
from chaos.receivers import Receivers, Seen
from chaos.stores import Stormed
from chaos.violation import Rule, Violation
from coatcheck.app import Coatcheck
from coatcheck.clock import SystemClock
from coatcheck.domain.delivery import Delivery, DeliveryStatus
from coatcheck.domain.owner import EVERYONE, SYSTEM
from coatcheck.worker import orphans

PAGE = 200
LOOK_AGAIN = 0.1
STOP_PATIENCE = 15.0


@dataclass(frozen=True, kw_only=True)
class Round:
    """How much is sent, and how hard it is made."""

    receivers: int = 20
    jobs: int = 100
    """Each is told to every receiver."""
    kills: int = 20
    """Workers, and the dispatchers in them, that are killed."""
    workers: int = 2
    seed: int = 0
    interval: float = 1.0
    """Seconds between two kills, on average."""
    deadline: float = 1.0
    """Seconds that one attempt may take."""
    attempts: int = 6
    patience: float = 600.0
    """Seconds until nothing may be owed any more."""

    @property
    def deliveries(self) -> int:
        return self.receivers * self.jobs


class Deliveries:
    """One round, in a directory of its own, on an empty store."""

    def __init__(self, plan: Round, store: Stormed, directory: Path) -> None:
        self.plan, self._directory = plan, directory
        self.settings = {
            "store": store.url,
            "durability": "process",
            "lease": 1.0,
            "grace": 3.0,
            "secret": "a secret of thirty-two characters",
            "public_url": "https://api.example.com",
            "webhook_allow": "127.0.0.0/8",
            "webhook_http": True,
            "webhook_deadline": plan.deadline,
            "webhook_schedule": ",".join(["0", *["0.3"] * (plan.attempts - 1)]),
        }
        self.killed, self.memory = 0, 0
        self.seen: Sequence[Seen] = ()
        self.found: Sequence[Delivery] = ()
        self._random, self._clock = random.Random(plan.seed), SystemClock()

    def run(self) -> list[Violation]:
        """Send it all; what is wrong at the end."""
        orphans.adopt()
        asyncio.run(self._send())
        return check(self.found, self.seen, self.plan.deliveries)

    async def _send(self) -> None:
        jobs = application(**self.settings | {"embedded_worker": False})
        async with Receivers(self.plan.receivers, self.plan.seed) as receivers, jobs.opened():
            for number, url in enumerate(receivers.urls):
                _, receivers.secrets[number] = await jobs.wiring.endpoints.add(EVERYONE, url)
            package = copied(self._directory / "package")
            arguments = ("worker", TARGET, "--processes", str(self.plan.workers))
            host = Host("worker", *arguments, directory=self._directory, settings=self.settings, package=package)
            watching = asyncio.create_task(self._watch(host))
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._submit(jobs))
                    tasks.create_task(self._kill())
                with suppress(TimeoutError):  # then the checker names those that are still owed
                    async with asyncio.timeout(self.plan.patience):
                        await self._until_nothing_is_owed(jobs)
            finally:
                watching.cancel()
                await host.stopped(STOP_PATIENCE)
            self.seen, self.found = receivers.seen, await _all(jobs)

    async def _submit(self, jobs: Coatcheck) -> None:
        operation = jobs.registry.find("quick")
        assert operation is not None
        pause = self.plan.kills * self.plan.interval / self.plan.jobs
        for _ in range(self.plan.jobs):
            await jobs.wiring.jobs.submit(operation, {}, EVERYONE)
            await self._clock.sleep(self._random.expovariate(1 / pause) if pause else 0.0)

    async def _kill(self) -> None:
        while self.killed < self.plan.kills:
            await self._clock.sleep(self._random.expovariate(1 / self.plan.interval))
            workers = [process for process in descendants() if process.role == "worker"]
            self.killed += bool(workers and send(self._random.choice(workers), signal.SIGKILL))

    async def _watch(self, host: Host) -> None:
        """Keep the supervisor running, and an eye on its workers' memory."""
        while True:
            host.revive()
            orphans.reap({host.pid})
            self.memory = max([self.memory, *(_memory(process.pid) for process in descendants() if process.role == "worker")])
            await self._clock.sleep(LOOK_AGAIN)

    async def _until_nothing_is_owed(self, jobs: Coatcheck) -> None:
        while (
            len(await jobs.wiring.deliveries.deliveries(SYSTEM, status=DeliveryStatus.PENDING, limit=1))
            or len(await _all(jobs)) < self.plan.deliveries
        ):
            await self._clock.sleep(LOOK_AGAIN)


def check(found: Collection[Delivery], seen: Collection[Seen], owed: int) -> list[Violation]:
    """What is wrong with what is recorded, beside what the receivers saw."""
    known, well = {delivery.id for delivery in found}, {request.id for request in seen if request.manner == "well"}
    bodies = Counter(identity for identity, _ in {(request.id, request.body) for request in seen})
    said = [(Rule.LOST, f"{owed} messages were owed, and {len(known)} are there")] if len(known) != owed else []
    for delivery in found:
        if delivery.status is DeliveryStatus.PENDING:
            said.append((Rule.UNENDED, f"{delivery.id} is still owed after {delivery.attempts} attempts"))
        elif delivery.status is DeliveryStatus.DELIVERED and delivery.id not in well:
            said.append((Rule.LOST, f"{delivery.id} counts as delivered, and nobody took it"))
    said += [(Rule.CHANGED, f"{identity} came with {count} different bodies") for identity, count in bodies.items() if count > 1]
    said += [(Rule.ANSWER, f"{request.id} was not signed by us") for request in seen if not request.genuine]
    said += [(Rule.ANSWER, f"{identity} is no message of ours") for identity in {request.id for request in seen} - known]
    return [Violation(rule, text) for rule, text in said]


def figures(round_: Deliveries) -> dict[str, int | float | str | None]:
    """What happened, for people and for programs."""
    statuses = Counter(delivery.status for delivery in round_.found)
    return {
        "seed": round_.plan.seed,
        "deliveries": len(round_.found),
        "delivered": statuses[DeliveryStatus.DELIVERED],
        "dead": statuses[DeliveryStatus.DEAD],
        "kills": round_.killed,
        "requests": len(round_.seen),
        **{f"requests met {manner}": count for manner, count in sorted(Counter(request.manner for request in round_.seen).items())},
        "attempts recorded": sum(len(delivery.history) for delivery in round_.found),
        "memory of a worker at most, MiB": round_.memory // 1024,
    }


async def _all(jobs: Coatcheck) -> list[Delivery]:
    found: list[Delivery] = []
    while page := await jobs.wiring.deliveries.deliveries(SYSTEM, before=found[-1].id if found else None, limit=PAGE):
        found += page
    return found


def _memory(pid: int) -> int:
    """KiB that a process occupied at most."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0
