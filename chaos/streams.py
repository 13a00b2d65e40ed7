"""Thousands who follow a job: most never read, the others see every event in order, and nobody else waits for any of them."""

import asyncio
import random
import re
import signal
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from chaos.bodies import MIB, child, resident
from chaos.followers import Looks, Reader, reading, silent
from coatcheck.clock import SystemClock
from coatcheck.testing.harness import Process, coatcheck_process, eventually, free_port

TARGET = "chaos.telling:jobs"
ANSWER_LIMIT = 1.0
"""Seconds within which 99 of 100 looks at the status are answered."""
STOP_LIMIT = 2.0
"""Seconds in which an API process ends with all streams open."""
PATIENCE = 300.0
_ROOT = Path(__file__).parents[1]
_FOR_EVER = 10**6
_LENGTH = 5000
"""Characters of a line: together more than what lies between keeps for who does not read."""


@dataclass(frozen=True)
class Audience:
    """Who follows what."""

    clients: int
    readers: int
    """Those of them that read."""
    lines: int
    """Lines that the job tells; each is an event, and most come with another."""
    pause: float
    """Seconds between them."""
    stall: float
    """Seconds after which those who do not read are cut off."""
    seed: int


@dataclass
class Streams:
    """One API process, a worker beside it, and all those clients."""

    audience: Audience
    store: str
    figures: dict[str, object] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Tell the story twice: once to its end, and once until the API is told to stop.

        What must not be is in `wrong`, and what took too long in `slow`, which on a busy machine may say nothing.
        """
        port = free_port()
        settings = {
            "COATCHECK_STORE": self.store,
            "COATCHECK_DURABILITY": "process",
            "COATCHECK_STREAM_STALL": str(self.audience.stall),
            "COATCHECK_LEASE": "60",
        }
        serve = ["serve", TARGET, "--port", str(port), "--workers", "0", "--log-format", "json"]
        work = ["worker", TARGET, "--grace", "1"]
        with (
            coatcheck_process(*serve, directory=_ROOT, environment=settings) as api,
            httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as http,
        ):
            eventually(lambda: api.status is not None or _ready(http))
            to_the_end = self._submit(http, self.audience.lines)
            until_stopped = self._submit(http, _FOR_EVER)
            asyncio.run(self._listened(api, port, to_the_end, until_stopped, work, settings))

    def _submit(self, http: httpx2.Client, lines: int) -> str:
        answer = http.post("/stories", json={"lines": lines, "pause": self.audience.pause, "length": _LENGTH})
        location: str = answer.raise_for_status().headers["location"]
        return location

    async def _listened(self, api: Process, port: int, first: str, second: str, work: list[str], settings: dict[str, str]) -> None:
        quiet = await self._looked(port, second, 3.0)
        self.figures["p99 of a status at rest, ms"] = round(1000 * quiet.p99, 1)
        readers = self._readers(port, first, hangs_up=0.05)
        before = resident(child(api, "_api"))
        tasks = await reading(readers)
        unread = await silent(self.audience.clients - len(readers), port, f"{first}/events")
        await self._settled(port, second)
        self.figures["memory of an idle connection, KiB"] = round((resident(child(api, "_api")) - before) / self.audience.clients / 1024, 1)
        looks = Looks(port, second)
        looking = asyncio.create_task(looks.look())
        with coatcheck_process(*work, directory=_ROOT, environment=settings):
            with _closing(unread):
                async with asyncio.timeout(PATIENCE):
                    await asyncio.gather(*tasks)
                looking.cancel()
                self._judge(api, readers, looks, before)
            await self._stopped(api, port, second)

    async def _looked(self, port: int, path: str, seconds: float) -> Looks:
        looks = Looks(port, path)
        looking = asyncio.create_task(looks.look())
        await SystemClock().sleep(seconds)
        looking.cancel()
        return looks

    async def _settled(self, port: int, path: str) -> None:
        """Return once all that was asked before has been begun to be answered."""
        await self._looked(port, path, 1.0)

    def _readers(self, port: int, job: str, *, hangs_up: float) -> list[Reader]:
        chance = random.Random(self.audience.seed)
        return [Reader(port, f"{job}/events", hangs_up=hangs_up, chance=chance) for _ in range(self.audience.readers)]

    def _judge(self, api: Process, readers: list[Reader], looks: Looks, before: int) -> None:
        last = readers[0].ids[-1]
        self.figures |= {
            "clients": self.audience.clients,
            "of which read": len(readers),
            "events": last,
            "connections of the readers": sum(reader.connections for reader in readers),
            "cut off": len(re.findall(r'"event":\s*"stream.cut"', api.log)),
            "looks at a status": len(looks.seconds),
            "p99 of these, ms": round(1000 * looks.p99, 1),
            "memory at the most, MiB": (resident(child(api, "_api"), "VmHWM") - before) // MIB,
            "memory afterwards, MiB": (resident(child(api, "_api")) - before) // MIB,
        }
        for number, reader in enumerate(readers):
            if reader.ids != list(range(1, last + 1)):
                self.wrong.append(f"Reader {number} saw {len(reader.ids)} events of {last}, or not each once and in order.")
        if looks.p99 > ANSWER_LIMIT:
            self.slow.append(f"p99 of a look at a status was {looks.p99:.2f} s.")
        if looks.failed:
            self.wrong.append(f"{looks.failed} looks at a status were answered by something else than 200.")

    async def _stopped(self, api: Process, port: int, job: str) -> None:
        """All follow a job that goes on, and the API is told to stop."""
        readers = self._readers(port, job, hangs_up=0.0)
        tasks = await reading(readers)
        unread = await silent(self.audience.clients - len(readers), port, f"{job}/events")
        await self._settled(port, job)
        pid, clock = child(api, "_api"), SystemClock()
        with _closing(unread):
            began = clock.monotonic()
            api.signal(signal.SIGTERM)
            await asyncio.to_thread(eventually, lambda: not _runs(pid))
            took = clock.monotonic() - began
        self.figures["ended with all of them open after, s"] = round(took, 2)
        if took > STOP_LIMIT:
            self.slow.append(f"The API took {took:.2f} s to end with all streams open; it may take {STOP_LIMIT:g}.")
        if not all(reader.ends.is_set() for reader in readers):
            self.wrong.append("Not every reader was told that its stream had ended.")
        for task in tasks:
            task.cancel()


@contextmanager
def _closing(clients: Iterable[socket.socket]) -> Iterator[None]:
    try:
        yield
    finally:
        for client in clients:
            client.close()


def _runs(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def _ready(http: httpx2.Client) -> bool:
    try:
        return http.get("/readyz").status_code == 200
    except httpx2.TransportError:
        return False
