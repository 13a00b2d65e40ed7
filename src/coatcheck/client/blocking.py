"""The client that blocks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self, Unpack

import httpx2
import msgspec

from coatcheck.client import flow, looking
from coatcheck.client.blocking_driver import Driver
from coatcheck.client.body import Beside, body_of
from coatcheck.client.following import Following
from coatcheck.client.history import LogLine
from coatcheck.client.job import KnownJob, Options, connection, manners
from coatcheck.client.looking import Seen
from coatcheck.wire.representation import Representation


class Client:
    """A blocking client of one application.

        with Client("https://api.example.com", headers={"Authorization": "Bearer …"}) as api:
            report = api.submit("/reports", json={"year": 2024}).result()

    `base_url` is the application's URL with its mount; `http` an `httpx2.Client` of your own, which stays open. The
    other options: `coatcheck.client.job.Options`. Every method raises ApiError when the application refuses, and
    Unreachable when no answer came after several attempts.
    """

    def __init__(self, base_url: str = "", *, http: httpx2.Client | None = None, **options: Unpack[Options]) -> None:
        self._owned = http is None
        self._http = http or httpx2.Client(**connection(options))
        self._driver = Driver(self._http)
        self._manners = manners(base_url or self._http.base_url, options, self._http.timeout.read)
        self._jobs_path = options.get("jobs_path", "/jobs")

    def submit(
        self,
        path: str,
        json: Any = msgspec.UNSET,
        *,
        idempotency_key: str | None = None,
        webhook_url: str | None = None,
        **beside: Unpack[Beside],
    ) -> "Job":
        """Ask for the operation at `path`; the job that came of it.

            api.submit("/reports", {"year": 2024})
            api.submit("/films", {"title": "Nosferatu"}, files={"film": "nosferatu.mp4"})
            api.submit("/accounts/bulk-import", content=Path("accounts.ndjson"))

        Each call has a random key of its own unless one is given, so an answer that got lost is asked for again
        without a second job. `json` takes plain values, msgspec Structs, dataclasses and pydantic models; `webhook_url` is
        told when the job has ended. Files are read while they are sent. Raises OSError where one cannot be had.
        """
        body = body_of(json, **beside)
        return Job(self, self._driver.run(flow.submit(self._manners, path, body, idempotency_key, webhook_url=webhook_url)))

    def send(self, path: str, json: Any = msgspec.UNSET, **beside: Unpack[Beside]) -> None:
        """Ask for an operation that is fire and forget (`durable=False`): it was accepted when this returns, and may be lost.

        There is no job, and a request whose answer got lost is not sent again: nobody could tell the two apart.
        """
        self._driver.run(flow.send(self._manners, path, body_of(json, **beside)))

    def job(self, job: str) -> "Job":
        """The job of this id or status URL."""
        return Job(self, self._driver.run(flow.find(self._manners, self._jobs_path, job)))

    def jobs(self, *, status: str | None = None, operation: str | None = None) -> Iterator["Job"]:
        """One's own jobs, newest first, page by page."""
        url: httpx2.URL | None = flow.first_page(self._manners, self._jobs_path, {"status": status, "operation": operation})
        while url is not None:
            found, url = self._driver.run(flow.page(self._manners, url))
            yield from (Job(self, seen) for seen in found)

    def operations(self) -> list[dict[str, Any]]:
        """What the application offers: name, path, schemas, policy, how busy it is."""
        return self._driver.run(flow.operations(self._manners))

    def close(self) -> None:
        """Close the connections this client opened."""
        if self._owned:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Job(KnownJob):
    """A job, seen through a blocking client. Iterating gives its state now and after each change, to the end."""

    def __init__(self, client: Client, seen: Seen) -> None:
        super().__init__(seen)
        self._driver, self._manners = client._driver, client._manners

    def __iter__(self) -> Iterator[Representation]:
        return self._driver.news(Following(self._manners, self._seen).steps())

    def events(self) -> Iterator[Representation | LogLine]:
        """All that the job's runs wrote about themselves, and its state now and after each change, to the end."""
        return self._driver.news(Following(self._manners, self._seen, log=True).steps())

    def refresh(self) -> Representation:
        """Look at the job now."""
        return self._driver.run(looking.look(self._manners, self._seen))

    def wait(self, timeout: float | None = None) -> Representation:
        """The job once it has ended, or as it is after about `timeout` seconds."""
        return self._driver.run(looking.wait(self._manners, self._seen, timeout))

    def result(self, type: Any = None) -> Any:
        """Wait for the end; what the operation returned: JSON, as a `type` if given, bytes, or `Created` with an absolute URL.

        Raises JobFailed with the problem, or JobCancelled.
        """
        return self._driver.run(flow.result(self._manners, self._seen, type))

    def download(self, path: str | Path) -> Path:
        """Wait for the end and write the result to a file, which appears once it is whole. Raises as `result` does."""
        return self._driver.run(flow.download(self._manners, self._seen, Path(path)))

    def cancel(self) -> Representation:
        """Ask for a stop; the job as it is then, `cancelled` or still `cancelling`."""
        return self._driver.run(flow.cancel(self._manners, self._seen))

    def retry(self) -> Representation:
        """Begin a failed or cancelled job anew; the job as it is then."""
        return self._driver.run(flow.retry(self._manners, self._seen))
