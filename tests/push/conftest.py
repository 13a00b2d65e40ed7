"""Applications that send webhooks, to receivers on loopback."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from coatcheck.app import Coatcheck
from coatcheck.context import Job
from coatcheck.domain.delivery import Delivery
from coatcheck.domain.endpoint import ENDINGS, Endpoint, Occasion
from coatcheck.domain.owner import EVERYONE, SYSTEM
from coatcheck.errors import Fail
from coatcheck.testing.signals import Signals

SECRET = "0123456789abcdef" * 2


class Site:
    """An application that runs, with operations that end in each way."""

    def __init__(self, jobs: Coatcheck) -> None:
        self.jobs, self.signals = jobs, Signals(jobs.telemetry)

        @jobs.operation("/echo")
        async def echo(text: str) -> str:
            return text

        @jobs.operation("/fail")
        async def fail() -> None:
            raise Fail(status=409, title="Closed")

        @jobs.operation("/steps")
        async def steps(job: Job) -> int:
            job.progress(40, "nearly half")
            return 7

        self.echo, self.fail, self.steps = echo, fail, steps

    async def endpoint(self, url: str, *, occasions: frozenset[Occasion] = ENDINGS) -> tuple[Endpoint, str]:
        """A new endpoint, and its secret."""
        return await self.jobs.wiring.endpoints.add(EVERYONE, url, occasions)

    async def deliveries(self) -> list[Delivery]:
        """All there are, oldest first."""
        return list(reversed(await self.jobs.wiring.deliveries.deliveries(SYSTEM)))


OpenSite = Callable[..., AbstractAsyncContextManager[Site]]


@pytest.fixture
def opened(empty_store: str) -> OpenSite:
    """Opens the application, with its worker unless `working` is False: again and again, on one store."""

    @asynccontextmanager
    async def open_site(*, working: bool = True, **settings: Any) -> AsyncIterator[Site]:
        usual: dict[str, Any] = {
            "store": empty_store,
            "durability": "process",
            "secret": SECRET,
            "public_url": "https://api.example.com",
            "webhook_allow": "127.0.0.0/8",
            "webhook_http": True,
            "webhook_schedule": (0.0, 0.01, 0.01, 0.01),
            "poll_interval": 0.05,
        }
        site = Site(Coatcheck(**usual | settings))
        async with site.jobs.lifespan() if working else site.jobs.opened():
            yield site

    return open_site
