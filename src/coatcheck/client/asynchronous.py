"""The client that awaits, on asyncio and trio."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self, TypeVar, Unpack

import anyio
import httpx2
import msgspec

from coatcheck.client import flow, looking
from coatcheck.client.exchange import Send, Steps, Wait
from coatcheck.client.job import KnownJob, Options, connection, manners, prepare
from coatcheck.client.looking import Seen
from coatcheck.wire.representation import Representation

T = TypeVar("T")


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
        self._manners = manners(base_url or self._http.base_url, options, self._http.timeout.read)
        self._jobs_path = options.get("jobs_path", "/jobs")

    async def submit(self, path: str, json: Any = msgspec.UNSET, *, idempotency_key: str | None = None) -> "AsyncJob":
        """As `Client.submit`."""
        return AsyncJob(self, await self._drive(flow.submit(self._manners, path, json, idempotency_key)))

    async def send(self, path: str, json: Any = msgspec.UNSET) -> None:
        """As `Client.send`."""
        await self._drive(flow.send(self._manners, path, json))

    async def job(self, job: str) -> "AsyncJob":
        """As `Client.job`."""
        return AsyncJob(self, await self._drive(flow.find(self._manners, self._jobs_path, job)))

    async def jobs(self, *, status: str | None = None, operation: str | None = None) -> AsyncIterator["AsyncJob"]:
        """As `Client.jobs`."""
        url: httpx2.URL | None = flow.first_page(self._manners, self._jobs_path, {"status": status, "operation": operation})
        while url is not None:
            found, url = await self._drive(flow.page(self._manners, url))
            for seen in found:
                yield AsyncJob(self, seen)

    async def operations(self) -> list[dict[str, Any]]:
        """As `Client.operations`."""
        return await self._drive(flow.operations(self._manners))

    async def close(self) -> None:
        """Close the connections this client opened."""
        if self._owned:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _drive(self, steps: Steps[T]) -> T:
        try:
            step = next(steps)
            while True:
                try:
                    answer = await self._perform(step)
                except httpx2.TransportError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(answer)
        except StopIteration as stop:
            value: T = stop.value
            return value

    async def _perform(self, step: Send | Wait) -> httpx2.Response | None:
        if isinstance(step, Wait):
            await anyio.sleep(step.seconds)
            return None
        request, auth = prepare(self._http, step)
        if step.into is None:
            return await self._http.send(request, auth=auth, follow_redirects=False)
        return await self._download(request, auth, anyio.Path(step.into))

    async def _download(self, request: httpx2.Request, auth: Any, into: anyio.Path) -> httpx2.Response:
        part = into.with_name(f"{into.name}.part")
        response = await self._http.send(request, auth=auth, follow_redirects=False, stream=True)
        try:
            if not response.is_success:
                await response.aread()
                return response
            async with await part.open("wb") as file:
                async for chunk in response.aiter_bytes():
                    await file.write(chunk)
            await part.replace(into)
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()
                await part.unlink(missing_ok=True)
        return response


class AsyncJob(KnownJob):
    """A job, seen through an asynchronous client. Iterating gives its state now and after each change, to the end."""

    def __init__(self, client: AsyncClient, seen: Seen) -> None:
        super().__init__(seen)
        self._drive, self._manners = client._drive, client._manners

    async def __aiter__(self) -> AsyncIterator[Representation]:
        yield self.representation
        while not self._seen.ended:
            yield await self._drive(looking.changed(self._manners, self._seen))

    async def refresh(self) -> Representation:
        """As `Job.refresh`."""
        return await self._drive(looking.look(self._manners, self._seen))

    async def wait(self, timeout: float | None = None) -> Representation:
        """As `Job.wait`."""
        return await self._drive(looking.wait(self._manners, self._seen, timeout))

    async def result(self, type: Any = None) -> Any:
        """As `Job.result`."""
        return await self._drive(flow.result(self._manners, self._seen, type))

    async def download(self, path: str | Path) -> Path:
        """As `Job.download`."""
        return await self._drive(flow.download(self._manners, self._seen, Path(path)))

    async def cancel(self) -> Representation:
        """As `Job.cancel`."""
        return await self._drive(flow.cancel(self._manners, self._seen))

    async def retry(self) -> Representation:
        """As `Job.retry`."""
        return await self._drive(flow.retry(self._manners, self._seen))
