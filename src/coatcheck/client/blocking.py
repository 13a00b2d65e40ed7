"""The client that blocks."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self, TypeVar, Unpack

import httpx2
import msgspec

from coatcheck.client import flow, looking
from coatcheck.client.exchange import Send, Steps, Wait
from coatcheck.client.job import KnownJob, Options, connection, manners, prepare
from coatcheck.client.looking import Seen
from coatcheck.wire.representation import Representation

T = TypeVar("T")


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
        self._manners = manners(base_url or self._http.base_url, options, self._http.timeout.read)
        self._jobs_path = options.get("jobs_path", "/jobs")

    def submit(self, path: str, json: Any = msgspec.UNSET, *, idempotency_key: str | None = None) -> "Job":
        """Ask for the operation at `path`; the job that came of it.

        Each call has a random key of its own unless one is given, so an answer that got lost is asked for again
        without a second job. `json` takes plain values, msgspec Structs, dataclasses and pydantic models.
        """
        return Job(self, self._drive(flow.submit(self._manners, path, json, idempotency_key)))

    def send(self, path: str, json: Any = msgspec.UNSET) -> None:
        """Ask for an operation that is fire and forget (`durable=False`): it was accepted when this returns, and may be lost.

        There is no job, and a request whose answer got lost is not sent again: nobody could tell the two apart.
        """
        self._drive(flow.send(self._manners, path, json))

    def job(self, job: str) -> "Job":
        """The job of this id or status URL."""
        return Job(self, self._drive(flow.find(self._manners, self._jobs_path, job)))

    def jobs(self, *, status: str | None = None, operation: str | None = None) -> Iterator["Job"]:
        """One's own jobs, newest first, page by page."""
        url: httpx2.URL | None = flow.first_page(self._manners, self._jobs_path, {"status": status, "operation": operation})
        while url is not None:
            found, url = self._drive(flow.page(self._manners, url))
            yield from (Job(self, seen) for seen in found)

    def operations(self) -> list[dict[str, Any]]:
        """What the application offers: name, path, schemas, policy, how busy it is."""
        return self._drive(flow.operations(self._manners))

    def close(self) -> None:
        """Close the connections this client opened."""
        if self._owned:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _drive(self, steps: Steps[T]) -> T:
        try:
            step = next(steps)
            while True:
                try:
                    answer = self._perform(step)
                except httpx2.TransportError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(answer)
        except StopIteration as stop:
            value: T = stop.value
            return value

    def _perform(self, step: Send | Wait) -> httpx2.Response | None:
        if isinstance(step, Wait):
            threading.Event().wait(step.seconds)
            return None
        request, auth = prepare(self._http, step)
        if step.into is None:
            return self._http.send(request, auth=auth, follow_redirects=False)
        return self._download(request, auth, step.into)

    def _download(self, request: httpx2.Request, auth: Any, into: Path) -> httpx2.Response:
        part = into.with_name(f"{into.name}.part")
        response = self._http.send(request, auth=auth, follow_redirects=False, stream=True)
        try:
            if not response.is_success:
                response.read()
                return response
            with part.open("wb") as file:
                for chunk in response.iter_bytes():
                    file.write(chunk)
            part.replace(into)
        finally:
            response.close()
            part.unlink(missing_ok=True)
        return response


class Job(KnownJob):
    """A job, seen through a blocking client. Iterating gives its state now and after each change, to the end."""

    def __init__(self, client: Client, seen: Seen) -> None:
        super().__init__(seen)
        self._drive, self._manners = client._drive, client._manners

    def __iter__(self) -> Iterator[Representation]:
        yield self.representation
        while not self._seen.ended:
            yield self._drive(looking.changed(self._manners, self._seen))

    def refresh(self) -> Representation:
        """Look at the job now."""
        return self._drive(looking.look(self._manners, self._seen))

    def wait(self, timeout: float | None = None) -> Representation:
        """The job once it has ended, or as it is after about `timeout` seconds."""
        return self._drive(looking.wait(self._manners, self._seen, timeout))

    def result(self, type: Any = None) -> Any:
        """Wait for the end; what the operation returned: JSON, as a `type` if given, bytes, or `Created` with an absolute URL.

        Raises JobFailed with the problem, or JobCancelled.
        """
        return self._drive(flow.result(self._manners, self._seen, type))

    def download(self, path: str | Path) -> Path:
        """Wait for the end and write the result to a file, which appears once it is whole. Raises as `result` does."""
        return self._drive(flow.download(self._manners, self._seen, Path(path)))

    def cancel(self) -> Representation:
        """Ask for a stop; the job as it is then, `cancelled` or still `cancelling`."""
        return self._drive(flow.cancel(self._manners, self._seen))

    def retry(self) -> Representation:
        """Begin a failed or cancelled job anew; the job as it is then."""
        return self._drive(flow.retry(self._manners, self._seen))
