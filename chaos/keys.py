"""One Idempotency-Key, many requests at once, and an API that is killed all the while: one job."""

import asyncio
import random
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2

from chaos.audit import Report, audit_url
from chaos.host import Host
from chaos.overlay import copied
from chaos.pace import Pace
from chaos.processes import Descendant, descendants, send
from chaos.stores import Stormed
from chaos.storm import LOOK_AGAIN, START_PATIENCE, STOP_PATIENCE, TARGET
from chaos.violation import Rule, Violation
from chaos.witness import Witness
from coatcheck.clock import SystemClock
from coatcheck.testing.harness import free_port

KEYS_AT_ONCE = 8
CONNECTIONS = 128
REPEATED = (429, 500, 502, 503, 504)
"""Answers that leave a client no wiser: it asks again. Any 5xx but 503 is a violation, too."""
LIFELESS = ("failed", "cancelled")


@dataclass(frozen=True, kw_only=True)
class Haste:
    """How hard it is."""

    keys: int
    at_once: int = 16
    """Requests with each key."""
    kills: int = 30
    processes: int = 2
    """That answer HTTP, on one port."""
    workers: int = 1
    seed: int = 0
    interval: float = 0.15
    """Seconds between two kills, on average."""
    patience: float = 120.0
    """Seconds after the last request until every job must have ended."""


class Keys:
    """Each key is sent by many clients at once, each of which asks until it is answered; then again, once its job is retried or done."""

    def __init__(self, haste: Haste, store: Stormed, directory: Path) -> None:
        self.haste, self._store, self._directory = haste, store, directory
        self._port = free_port()
        self._clock, self._pace, self.witness = SystemClock(), Pace("keys", "kills"), Witness()
        self._random = random.Random(haste.seed)
        self._http = httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{self._port}", timeout=10, limits=httpx2.Limits(max_connections=CONNECTIONS)
        )
        self._done = 0
        self.answered = self.repeated = self.replays = self.kills = self.retries = 0

    def run(self) -> Report:
        """Do all that; what the checker found."""
        asyncio.run(self._run())
        report = audit_url(self._store.url, acknowledged=self.witness.acknowledged)
        report.violations += [*self.witness.violations, *self.witness.strangers(report.jobs)]
        if len(report.jobs) != self.haste.keys:
            report.violations.append(Violation(Rule.KEY, f"{self.haste.keys} keys made {len(report.jobs)} jobs"))
        return report

    async def _run(self) -> None:
        package = copied(self._directory / "package")
        settings = {"store": self._store.url, "grace": 3, "durability": "process"}
        serve = ("serve", TARGET, "--port", str(self._port), "--processes", str(self.haste.processes), "--workers", str(self.haste.workers))
        host = Host("serve", *serve, directory=self._directory, settings=settings, package=package)
        try:
            await self._until_ready()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._kill_often())
                tasks.create_task(self._send_all())
            with suppress(TimeoutError):  # then the checker names those that have not ended
                async with asyncio.timeout(self.haste.patience):
                    await asyncio.gather(*map(self._ended, sorted(self.witness.acknowledged)))
        finally:
            await self._http.aclose()
            await host.stopped(STOP_PATIENCE)

    async def _until_ready(self) -> None:
        async with asyncio.timeout(START_PATIENCE):
            while len(self._apis()) < self.haste.processes or (await self._answer("GET", "/readyz")).status_code != 200:
                await self._clock.sleep(LOOK_AGAIN)

    async def _kill_often(self) -> None:
        while self.kills < self.haste.kills:
            await self._pace.keep("kills")
            await self._clock.sleep(self._random.expovariate(1 / self.haste.interval))
            if (apis := self._apis()) and send(self._random.choice(apis), signal.SIGKILL):
                self.kills += 1
            self._pace.advance("kills", self.kills / self.haste.kills)

    def _apis(self) -> list[Descendant]:
        return [process for process in descendants() if process.role == "api"]

    async def _send_all(self) -> None:
        places = asyncio.Semaphore(KEYS_AT_ONCE)

        async def see(number: int) -> None:
            async with places:
                await self._pace.keep("keys")
                await self._send_one(f"key-{number}", fails=number % 4 == 0)
                self._done += 1
                self._pace.advance("keys", self._done / self.haste.keys)

        await asyncio.gather(*map(see, range(self.haste.keys)))

    async def _send_one(self, key: str, *, fails: bool) -> None:
        """Ask with the key, many times at once; then, where the job fails, while it is being retried, once more as often."""
        path, body = ("/fragile", {"failing": 1}) if fails else ("/quick", {})
        ids = await asyncio.gather(*(self._submit(key, path, body) for _ in range(self.haste.at_once)))
        again = [self._submit(key, path, body) for _ in range(self.haste.at_once // 4)]
        await asyncio.gather(*again, *([self._retry(ids[0])] if fails else []))

    async def _submit(self, key: str, path: str, body: dict[str, int]) -> str:
        answer = await self._ask("POST", path, json=body, headers={"Idempotency-Key": key})
        if answer.status_code not in (200, 202):
            self.witness.complain(f"{path} with the key {key} was answered {answer.status_code}: {answer.text[:300]}")
            return ""
        job_id: str = answer.json()["jobId"]
        self.witness.acknowledge(key, job_id)
        self.answered += 1
        self.replays += "idempotency-replayed" in answer.headers
        return job_id

    async def _retry(self, job_id: str) -> None:
        if await self._ended(job_id) == "failed":
            self.retries += (await self._ask("POST", f"/jobs/{job_id}/retry")).status_code == 202

    async def _ended(self, job_id: str) -> str:
        """The status that the job ended with."""
        while True:
            answer = await self._ask("GET", f"/jobs/{job_id}")
            status: str = answer.json().get("status", "")
            if status in ("completed", *LIFELESS) or answer.status_code != 200:
                return status
            await self._clock.sleep(LOOK_AGAIN)

    async def _ask(self, method: str, path: str, **request: object) -> httpx2.Response:
        """The answer, asked for until there is one that says something."""
        while (answer := await self._answer(method, path, **request)).status_code in REPEATED:
            if answer.status_code == 500:
                self.witness.complain(f"{method} {path} was answered 500: {answer.text[:300]}")
            self.repeated += 1
            await self._clock.sleep(self._random.uniform(0.0, 0.1))
        return answer

    async def _answer(self, method: str, path: str, **request: object) -> httpx2.Response:
        try:
            return await self._http.request(method, path, **request)  # type: ignore[arg-type]
        except httpx2.TransportError:
            return httpx2.Response(504)


def figures(keys: Keys, report: Report) -> dict[str, int]:
    """What happened, for people and for programs."""
    return {
        "seed": keys.haste.seed,
        "keys": keys.haste.keys,
        "jobs": len(report.jobs),
        "kills of an API process": keys.kills,
        "requests answered": keys.answered,
        "requests answered as replays": keys.replays,
        "requests sent again": keys.repeated,
        "retries by a client": keys.retries,
    }
