"""Whoever asks for jobs while the store is away, and how the answers were."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import httpx2

from coatcheck.clock import SystemClock

ASKING = 8
"""Clients that ask at the same time."""
PAUSE = 0.05
"""Seconds between an answer and the next request of the same client."""
PATIENCE = 10.0


class Outage:
    """Asks all of `urls` in turn, until it is over."""

    def __init__(self, urls: Sequence[str]) -> None:
        self.seconds: list[float] = []
        """How long each answer took."""
        self.answers: Counter[str] = Counter()
        """How often which answer came."""
        self._urls, self._clock = urls, SystemClock()

    async def ask(self, seconds: float) -> None:
        """Ask for that long."""
        ends = self._clock.monotonic() + seconds
        async with httpx2.AsyncClient(timeout=PATIENCE) as http:
            await asyncio.gather(*(self._ask_on(http, number, ends) for number in range(ASKING)))

    @property
    def p99(self) -> float:
        """Seconds."""
        return sorted(self.seconds)[int(len(self.seconds) * 0.99)] if self.seconds else 0.0

    @property
    def refused(self) -> bool:
        """Whether every answer was 503 with Retry-After."""
        return set(self.answers) == {_REFUSED}

    async def _ask_on(self, http: httpx2.AsyncClient, number: int, ends: float) -> None:
        while (began := self._clock.monotonic()) < ends:
            self.answers[await _answer(http, self._urls[number % len(self._urls)])] += 1
            self.seconds.append(self._clock.monotonic() - began)
            await self._clock.sleep(PAUSE)


_REFUSED = "503 with Retry-After"


async def _answer(http: httpx2.AsyncClient, url: str) -> str:
    try:
        answer = await http.post(f"{url}/quick", json={})
    except httpx2.TransportError as error:
        return type(error).__name__
    return f"{answer.status_code} with Retry-After" if "Retry-After" in answer.headers else str(answer.status_code)
