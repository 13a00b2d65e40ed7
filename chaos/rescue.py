"""How soon a job runs again after what ran it was killed, or froze. The job itself notes the moment, on the boot clock."""

import asyncio
import math
import random
import re
import signal
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

import httpx2

from chaos.host import Host
from chaos.overlay import copied
from chaos.processes import Descendant, descendants, send
from coatcheck.clock import SystemClock
from coatcheck.testing.harness import free_port
from coatcheck.worker import orphans

T = TypeVar("T")

TARGET = "chaos.application:jobs"
LANES = 2
"""Trials that go on at the same time, each with a service of its own."""
AGE = (0.2, 1.0)
"""Seconds that a job has been running when its worker is killed."""
JOBS_A_HOST = 10
PATIENCE = 60.0
LOOK_AGAIN = 0.02


@dataclass(frozen=True)
class Reading:
    """Seconds from the blow until the job ran again, but for those that starting took which the trial itself did."""

    case: str
    limit: float
    p50: float
    p99: float
    longest: float
    starting: float
    """Median of the seconds that are not counted."""
    trials: int

    def __str__(self) -> str:
        return (
            f"{self.case:<12} p50 {self.p50:6.2f} s   p99 {self.p99:6.2f} s   max {self.longest:6.2f} s   "
            f"limit of p99 {self.limit:g} s   starting {self.starting:6.2f} s   {self.trials} trials"
        )


class Trial(NamedTuple):
    """What one trial has shown."""

    seconds: float
    """From the blow until the job ran again."""
    starting: float = 0.0
    """Those of them that it took what was struck to be there again, where it is the trial that started it."""


class Service:
    """A service with a store of its own."""

    def __init__(self, directory: Path, *, workers: int | None) -> None:
        """With so many worker processes. None: with a worker in the web process."""
        self.directory, self._port = directory, free_port()
        self._package = copied(directory / "package")
        self._api = httpx2.AsyncClient(base_url=f"http://127.0.0.1:{self._port}", timeout=30)
        self._hosts: list[Host] = []
        listen = ("--port", str(self._port))
        if workers is None:
            self.first = self.start(TARGET, *listen, module="uvicorn", concurrency=1)
        else:
            self.first = self.start("serve", TARGET, *listen, "--workers", str(workers), concurrency=1)

    def start(self, *arguments: str, concurrency: int, module: str = "coatcheck") -> Host:
        """Start another process on the store, with the default lease of 15 seconds."""
        settings = {"store": f"sqlite:///{self.directory / 'jobs.db'}", "durability": "process", "concurrency": concurrency, "grace": 1}
        host = Host(
            f"host-{len(self._hosts)}",
            *arguments,
            directory=self.directory,
            settings=settings,
            package=self._package,
            port=None if self._hosts else self._port,
            module=module,
        )
        self._hosts.append(host)
        return host

    async def submit(self, operation: str, directory: Path) -> str:
        """A job that notes its runs in `directory` and goes on until there is a `go` in it; its id."""
        await until(self._answers)
        answer = (await self._api.post(f"/{operation}", json={"directory": str(directory)})).raise_for_status()
        job_id: str = answer.json()["jobId"]
        return job_id

    async def started_again(self) -> tuple[float, float]:
        """Kill what was started first, and start it again; the moments of the blow, and when its worker had begun."""
        before, killed = _beginnings(self.first), SystemClock().boot().seconds
        self.first.kill()

        async def begun() -> bool:
            self.first.revive()
            return _beginnings(self.first) > before

        await until(begun)
        return killed, SystemClock().boot().seconds

    async def close(self) -> None:
        """Stop all of it."""
        await self._api.aclose()
        for host in self._hosts:
            for process in descendants():
                if process.supervisor == host.pid:
                    send(process, signal.SIGKILL)  # what is frozen does not see that what it belongs to is gone
            host.kill()

    async def _answers(self) -> bool:
        try:
            return (await self._api.get("/readyz")).status_code == 200
        except httpx2.TransportError:
            return False


def measure(case: str, trials: int, directory: Path) -> Reading:
    """Measure one case."""
    orphans.adopt()
    measured, limit = CASES[case]
    shown = asyncio.run(measured(trials, directory))
    seconds = sorted(max(0.0, trial.seconds - trial.starting) for trial in shown)
    starting = _percentile(sorted(trial.starting for trial in shown), 0.5)
    return Reading(case, limit, _percentile(seconds, 0.5), _percentile(seconds, 0.99), seconds[-1], starting, len(seconds))


async def job_process_killed(trials: int, directory: Path) -> list[Trial]:
    """The process of an isolated job is killed."""

    async def trial(service: Service, notes: Path) -> Trial:
        job_id = await service.submit("beacon-apart", notes)
        ((_, pid),) = await runs(notes, job_id, 1)
        return await _until_it_runs_again(notes, job_id, lambda process: process.pid == pid)

    return await _in_lanes(trials, directory, trial)


async def worker_killed(trials: int, directory: Path) -> list[Trial]:
    """The only worker process is killed, so that another one has to be started first."""

    async def trial(service: Service, notes: Path) -> Trial:
        job_id = await service.submit("beacon", notes)
        ((_, pid),) = await runs(notes, job_id, 1)
        await SystemClock().sleep(random.uniform(*AGE))
        return await _until_it_runs_again(notes, job_id, lambda process: process.pid == pid)

    return await _in_lanes(trials, directory, trial)


async def service_killed(trials: int, directory: Path) -> list[Trial]:
    """A supervisor is killed, and its children with it; all are started again."""
    return await _in_lanes(trials, directory, _until_its_service_runs_it_again)


async def embedded_killed(trials: int, directory: Path) -> list[Trial]:
    """The web process with the worker in it is killed, and started again."""
    return await _in_lanes(trials, directory, _until_its_service_runs_it_again, workers=None)


async def host_frozen(trials: int, directory: Path) -> list[Trial]:
    """Supervisors are frozen together with their workers, and another host has room for all of their jobs."""
    service = Service(directory / "service", workers=0)
    try:
        doomed = [service.start("worker", TARGET, concurrency=JOBS_A_HOST) for _ in range(math.ceil(trials / JOBS_A_HOST))]
        ids = [await service.submit("beacon", directory) for _ in range(trials)]
        pids = {job_id: (await runs(directory, job_id, 1))[0][1] for job_id in ids}
        rescuer = service.start("worker", TARGET, concurrency=trials)
        await until(lambda: _has_begun(rescuer))
        frozen: dict[int, float] = {}
        for host in doomed:
            there = [process for process in descendants() if process.supervisor == host.pid]
            moment = SystemClock().boot().seconds
            for process in there:
                send(process, signal.SIGSTOP)
            frozen |= {process.pid: moment for process in there}
            await SystemClock().sleep(random.uniform(0, 3))  # a lease is renewed every third second
        return [Trial((await runs(directory, job_id, 2))[1][0] - frozen[pids[job_id]]) for job_id in ids]
    finally:
        await service.close()


CASES: dict[str, tuple[Callable[[int, Path], Coroutine[None, None, list[Trial]]], float]] = {
    "job": (job_process_killed, 1.0),
    "worker": (worker_killed, 2.0),
    "service": (service_killed, 2.0),
    "embedded": (embedded_killed, 2.0),
    "host": (host_frozen, 16.0),
}
"""What is struck → how it is measured, and the seconds in which 99 of 100 jobs must run again."""


async def _in_lanes(
    trials: int, directory: Path, trial: Callable[[Service, Path], Awaitable[Trial]], *, workers: int | None = 1
) -> list[Trial]:
    """Some trials at a time, each of these with a service of its own."""
    numbers = iter(range(trials))
    shown: list[Trial] = []

    async def lane(name: str) -> None:
        service = Service(directory / name, workers=workers)
        try:
            for number in numbers:
                notes = directory / str(number)
                notes.mkdir()
                shown.append(await trial(service, notes))
        finally:
            await service.close()

    async with asyncio.TaskGroup() as lanes:
        for number in range(min(LANES, trials)):
            lanes.create_task(lane(f"service-{number}"))
    return shown


async def _until_it_runs_again(notes: Path, job_id: str, chosen: Callable[[Descendant], bool]) -> Trial:
    (victim,) = filter(chosen, descendants())
    killed = SystemClock().boot().seconds
    send(victim, signal.SIGKILL)
    again, _ = (await runs(notes, job_id, 2))[1]
    (notes / "go").touch()
    return Trial(again - killed)


async def _until_its_service_runs_it_again(service: Service, notes: Path) -> Trial:
    job_id = await service.submit("beacon", notes)
    await runs(notes, job_id, 1)
    await SystemClock().sleep(random.uniform(*AGE))
    killed, begun = await service.started_again()
    again, _ = (await runs(notes, job_id, 2))[1]
    (notes / "go").touch()
    return Trial(again - killed, starting=begun - killed)


async def runs(notes: Path, job_id: str, count: int) -> list[tuple[float, int]]:
    """Moment and process of each run of the job, once there have been `count`."""
    file = notes / f"{job_id}.runs"

    async def look() -> list[str] | None:
        lines = file.read_text().splitlines() if file.exists() else []
        return lines if len(lines) >= count else None

    return [(float(moment), int(pid)) for moment, pid in map(str.split, await until(look))]


async def until(look: Callable[[], Awaitable[T | None]]) -> T:
    """What `look()` gives once it is true. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE):
        while not (seen := await look()):
            await SystemClock().sleep(LOOK_AGAIN)
        return seen


def _beginnings(host: Host) -> int:
    """How often a worker of the host has begun to claim."""
    return len(re.findall(r'"worker\.started"|Application startup complete', host.log))


async def _has_begun(host: Host) -> bool:
    return _beginnings(host) > 0


def _percentile(ordered: list[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
