"""The client that awaits, on asyncio and trio."""

from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any, Self, Unpack

import httpx2
import msgspec

from coatcheck.client import flow, looking
from coatcheck.client.asynchronous_driver import AsyncDriver
from coatcheck.client.body import Beside, body_of
from coatcheck.client.following import Following
from coatcheck.client.history import LogLine
from coatcheck.client.job import KnownJob, Options, connection, manners
from coatcheck.client.looking import Seen
from coatcheck.wire.representation import Representation


class AsyncClient:
    """An asynchronous client of one application.

        async with AsyncClient("https://api.example.com") as api:
            job = await api.submit("/reports", json={"year": 2024})
            report = await job.result()

    Options and errors are those of `Client`; `http` is an `httpx2.AsyncClient` of your own.
    """

    def __init__(self, base_url: str = "", *, http: httpx2.AsyncClient | None = None, **options: Unpack[Options]) -> None:
        self._owned = http is None
        self._http = http or httpx2.AsyncClient(**connection(options))
        self._driver = AsyncDriver(self._http)
        self._manners = manners(base_url or self._http.base_url, options, self._http.timeout.read)
        self._jobs_path = options.get("jobs_path", "/jobs")

    async def submit(
        self,
        path: str,
        json: Any = msgspec.UNSET,
        *,
        idempotency_key: str | None = None,
        webhook_url: str | None = None,
        **beside: Unpack[Beside],
    ) -> "AsyncJob":
        """As `Client.submit`."""
        body = body_of(json, **beside)
        return AsyncJob(self, await self._driver.run(flow.submit(self._manners, path, body, idempotency_key, webhook_url=webhook_url)))

    async def send(self, path: str, json: Any = msgspec.UNSET, **beside: Unpack[Beside]) -> None:
        """As `Client.send`."""
        await self._driver.run(flow.send(self._manners, path, body_of(json, **beside)))

    async def job(self, job: str) -> "AsyncJob":
        """As `Client.job`."""
        return AsyncJob(self, await self._driver.run(flow.find(self._manners, self._jobs_path, job)))

    async def jobs(self, *, status: str | None = None, operation: str | None = None) -> AsyncIterator["AsyncJob"]:
        """As `Client.jobs`."""
        url: httpx2.URL | None = flow.first_page(self._manners, self._jobs_path, {"status": status, "operation": operation})
        while url is not None:
            found, url = await self._driver.run(flow.page(self._manners, url))
            for seen in found:
                yield AsyncJob(self, seen)

    async def operations(self) -> list[dict[str, Any]]:
        """As `Client.operations`."""
        return await self._driver.run(flow.operations(self._manners))

    async def close(self) -> None:
        """Close the connections this client opened."""
        if self._owned:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class AsyncJob(KnownJob):
    """A job, seen through an asynchronous client. Iterating gives its state now and after each change, to the end."""

    def __init__(self, client: AsyncClient, seen: Seen) -> None:
        super().__init__(seen)
        self._driver, self._manners = client._driver, client._manners

    def __aiter__(self) -> AsyncIterator[Representation]:
        return self._driver.news(Following(self._manners, self._seen).steps())

    def events(self) -> AsyncGenerator[Representation | LogLine, None]:
        """As `Job.events`."""
        return self._driver.news(Following(self._manners, self._seen, log=True).steps())

    async def refresh(self) -> Representation:
        """As `Job.refresh`."""
        return await self._driver.run(looking.look(self._manners, self._seen))

    async def wait(self, timeout: float | None = None) -> Representation:
        """As `Job.wait`."""
        return await self._driver.run(looking.wait(self._manners, self._seen, timeout))

    async def result(self, type: Any = None) -> Any:
        """As `Job.result`."""
        return await self._driver.run(flow.result(self._manners, self._seen, type))

    async def download(self, path: str | Path) -> Path:
        """As `Job.download`."""
        return await self._driver.run(flow.download(self._manners, self._seen, Path(path)))

    async def cancel(self) -> Representation:
        """As `Job.cancel`."""
        return await self._driver.run(flow.cancel(self._manners, self._seen))

    async def retry(self) -> Representation:
        """As `Job.retry`."""
        return await self._driver.run(flow.retry(self._manners, self._seen))
