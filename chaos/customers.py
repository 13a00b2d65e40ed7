"""Clients: they ask for jobs until they have been promised them, follow some, cancel some, retry some."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2

from chaos.pace import Pace
from chaos.witness import Witness
from coatcheck.clock import SystemClock

SUBMITTERS = 16
CONNECTIONS = 48
RETRYABLE = (429, 503)
MIX: dict[str, tuple[int, Callable[[random.Random], dict[str, Any]]]] = {
    "quick": (30, lambda _: {}),
    "nap": (14, lambda random: {"seconds": random.uniform(0.1, 1)}),
    "grind": (10, lambda random: {"seconds": random.uniform(0.1, 1)}),
    "rows": (10, lambda random: {"seconds": random.uniform(0.1, 1)}),
    "linger": (8, lambda random: {"seconds": random.uniform(0.5, 1)}),
    "flaky": (8, lambda random: {"failing": random.randint(0, 4)}),
    "fragile": (6, lambda random: {"failing": random.randint(0, 2)}),
    "file": (6, lambda random: {"seconds": random.uniform(0, 0.3)}),
    "apart": (8, lambda random: {"seconds": random.uniform(0.1, 1)}),
}
"""Operation → how many of a hundred requests are for it, and what is asked."""


@dataclass(frozen=True)
class Order:
    """What one client wants."""

    key: str
    operation: str
    body: dict[str, Any]
    cancel_after: float | None
    """Seconds after which it wants it no more."""
    follow: bool
    """Whether it waits for the end, and asks for another life where that was a failure."""


def orders(count: int, seed: int, *, only: str | None = None, name: str = "order") -> list[Order]:
    """So many requests, the same for the same seed, of the `MIX` or for `only` one operation. Their keys begin with `name`."""
    chance = random.Random(seed)
    mix = {only: MIX[only]} if only else MIX
    operations = chance.choices(list(mix), [weight for weight, _ in mix.values()], k=count)
    return [
        Order(
            key=f"{name}-{number}",
            operation=operation,
            body=MIX[operation][1](chance),
            cancel_after=chance.uniform(0, 1) if chance.random() < 0.05 else None,
            follow=operation == "fragile" or chance.random() < 0.25,
        )
        for number, operation in enumerate(operations)
    ]


class Customers:
    """The clients of one service, at whose `urls` any request is answered; each may be gone at any moment."""

    def __init__(self, urls: Sequence[str], witness: Witness, pace: Pace, seed: int) -> None:
        self._urls = urls
        self._http = httpx2.AsyncClient(timeout=10, limits=httpx2.Limits(max_connections=CONNECTIONS))
        self._witness, self._pace, self._random, self._clock = witness, pace, random.Random(seed), SystemClock()
        self._ordered = 0
        self.repeated = 0
        """Requests that were sent again, because no answer came or a 503."""
        self.retried = 0
        self.cancelled = 0

    async def close(self) -> None:
        await self._http.aclose()

    async def answers(self) -> bool:
        """Whether it is ready, everywhere."""
        try:
            return all([(await self._http.get(f"{url}/readyz")).status_code == 200 for url in self._urls])
        except httpx2.TransportError:
            return False

    async def order_all(self, wanted: list[Order]) -> None:
        """Place all orders, and see those through that are followed."""
        self._ordered, left = 0, iter(wanted)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(SUBMITTERS):
                tasks.create_task(self._order_some(left, len(wanted), tasks))

    async def see_all_end(self) -> None:
        """Look at every job until it has ended."""
        places = asyncio.Semaphore(CONNECTIONS)

        async def see(job_id: str) -> None:
            async with places:
                await self._follow(job_id)

        await asyncio.gather(*map(see, sorted(self._witness.acknowledged)))

    async def _order_some(self, left: Iterator[Order], count: int, tasks: asyncio.TaskGroup) -> None:
        for order in left:
            await self._pace.keep("jobs")
            job_id = await self._submit(order)
            if job_id is not None:
                tasks.create_task(self._see_through(order, job_id))
            self._ordered += 1  # not the order's number: those before it may be waiting still
            self._pace.advance("jobs", self._ordered / count)

    async def _see_through(self, order: Order, job_id: str) -> None:
        if order.cancel_after is not None:
            await self._clock.sleep(order.cancel_after)
            await self._cancel(job_id)
        while order.follow and (await self._follow(job_id))["status"] == "failed" and order.operation == "fragile":
            await self._retry(job_id)

    async def _submit(self, order: Order) -> str | None:
        answer = await self._ask("POST", f"/{order.operation}", {200, 202}, json=order.body, headers={"Idempotency-Key": order.key})
        if answer is None:
            return None
        job_id: str = answer.json()["jobId"]
        self._witness.acknowledge(order.key, job_id)
        return job_id

    async def _follow(self, job_id: str) -> dict[str, Any]:
        while True:
            answer = await self._ask("GET", f"/jobs/{job_id}", {200})
            if answer is not None:
                shown: dict[str, Any] = answer.json()
                if self._witness.see(shown):
                    return shown
            await self._pause()

    async def _cancel(self, job_id: str) -> None:
        self.cancelled += 1
        await self._ask("DELETE", f"/jobs/{job_id}", {202, 204, 409})

    async def _retry(self, job_id: str) -> None:
        self.retried += 1
        self._witness.forget(job_id)
        await self._ask("POST", f"/jobs/{job_id}/retry", {200, 202, 409})

    async def _ask(self, method: str, path: str, good: set[int], **request: Any) -> httpx2.Response | None:
        """The answer, asked for until there is one; None where it must not be given."""
        while True:
            answer = await self._answer(self._http.request(method, self._random.choice(self._urls) + path, **request))
            if answer is not None and answer.status_code not in RETRYABLE:
                break
            self.repeated += 1
            await self._pause()
        if answer.status_code in good:
            return answer
        self._witness.complain(f"{method} {path} was answered {answer.status_code}: {answer.text[:300]}")
        return None

    async def _answer(self, asking: Awaitable[httpx2.Response]) -> httpx2.Response | None:
        try:
            return await asking
        except httpx2.TransportError:
            return None

    async def _pause(self) -> None:
        await self._clock.sleep(self._random.uniform(0.1, 0.3))
