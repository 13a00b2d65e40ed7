"""The client's use cases, without I/O: one generator each, driven by `blocking` and `asynchronous` alike."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import httpx2
import msgspec

from coatcheck.client.errors import ApiError, Unreachable
from coatcheck.client.exchange import DEFAULT_DELAY, Manners, Send, Steps, Wait, exchange, fetch, retry_after
from coatcheck.domain.state import Status
from coatcheck.errors import JobCancelled, JobFailed
from coatcheck.wire import strict
from coatcheck.wire.headers import find_link, format_idempotency_key
from coatcheck.wire.problems import parse
from coatcheck.wire.representation import Representation

T = TypeVar("T")

_JSON = {"Accept": "application/json, application/problem+json"}
_ANYTHING = {"Accept": "*/*"}


class Page(msgspec.Struct):
    """A list, as the application sends it."""

    items: list[Representation]


@dataclass
class Seen:
    """What was last seen of a job."""

    url: httpx2.URL
    representation: Representation
    etag: str | None = None
    delay: float = DEFAULT_DELAY
    """Seconds until the application wants to be asked again."""

    @property
    def ended(self) -> bool:
        return self.representation.status.terminal

    def update(self, response: httpx2.Response) -> None:
        """Take in what an answer says of the job."""
        if response.status_code != 304:
            self.representation = _decode(response, Representation)
            self.etag = response.headers.get("ETag")
        after = retry_after(response)
        self.delay = DEFAULT_DELAY if after is None else after


def submit(manners: Manners, path: str, json: Any, key: str | None) -> Steps[Seen]:
    """Ask for an operation. The key makes it safe to send again when the answer was lost."""
    key = str(uuid.uuid4()) if key is None else key
    url = _below(manners.base_url, path)
    headers = {**_JSON, "Idempotency-Key": format_idempotency_key(key)}
    content = None
    if json is not msgspec.UNSET:
        headers["Content-Type"] = "application/json"
        content = strict.encode(json, _dump)
    try:
        response = yield from exchange(manners, Send(method="POST", url=url, headers=headers, content=content, trusted=manners.trusts(url)))
    except (ApiError, Unreachable) as error:
        error.idempotency_key = key
        raise
    representation = _decode(response, Representation)
    seen = Seen(url.join(response.headers.get("Location") or representation.status_url), representation)
    seen.update(response)
    return seen


def find(manners: Manners, jobs_path: str, job: str) -> Steps[Seen]:
    """The job of an id, or of a status URL."""
    url = manners.base_url.join(job) if "/" in job else _below(manners.base_url, f"{jobs_path}/{quote(job, safe='')}")
    response = yield from fetch(manners, url, _JSON)
    seen = Seen(url, _decode(response, Representation))
    seen.update(response)
    return seen


def page(manners: Manners, url: httpx2.URL) -> Steps[tuple[list[Seen], httpx2.URL | None]]:
    """One page of jobs, and where the next one is."""
    response = yield from fetch(manners, url, _JSON)
    following = find_link(response.headers.get("Link", ""), "next")
    jobs = [Seen(url.join(item.status_url), item) for item in _decode(response, Page).items]
    return jobs, None if following is None else url.join(following)


def first_page(manners: Manners, jobs_path: str, filters: Mapping[str, str | None]) -> httpx2.URL:
    """Where the list of jobs begins."""
    query = urlencode({name: value for name, value in filters.items() if value is not None})
    return _below(manners.base_url, jobs_path + (f"?{query}" if query else ""))


def operations(manners: Manners) -> Steps[list[dict[str, Any]]]:
    """The catalogue of operations."""
    response = yield from fetch(manners, _below(manners.base_url, "/operations"), _JSON)
    items: list[dict[str, Any]] = _decode(response, dict[str, Any])["items"]
    return items


def look(manners: Manners, seen: Seen) -> Steps[Representation]:
    """Look at the job once; an unchanged one costs the application next to nothing."""
    response = yield from fetch(manners, seen.url, _JSON if seen.etag is None else {**_JSON, "If-None-Match": seen.etag})
    seen.update(response)
    return seen.representation


def changed(manners: Manners, seen: Seen) -> Steps[Representation]:
    """Look, at the pace the application asks for, until something about the job is new."""
    before = seen.representation
    while seen.representation == before:
        yield Wait(manners.pace(seen.delay))
        yield from look(manners, seen)
    return seen.representation


def wait(manners: Manners, seen: Seen, timeout: float | None = None) -> Steps[Representation]:
    """Look until the job has ended, or `timeout` seconds were waited; the job as it is then."""
    left = float("inf") if timeout is None else timeout
    while not seen.ended and left > 0:
        delay = min(left, manners.pace(seen.delay))
        yield Wait(delay)
        yield from look(manners, seen)
        left -= delay
    return seen.representation


def result(manners: Manners, seen: Seen, type: Any) -> Steps[Any]:
    """Wait for the end, and get what the operation returned.

    Raises JobFailed and JobCancelled where there is no result.
    """
    yield from wait(manners, seen)
    url = _result_url(seen)
    inline = bytes(seen.representation.result)
    if inline != b"null":
        return _typed(inline, type)
    response = yield from fetch(manners, url, _ANYTHING)
    return _typed(response.content, type) if _is_json(response) else response.content


def download(manners: Manners, seen: Seen, path: Path) -> Steps[Path]:
    """Wait for the end, and write the result's bytes to a file. Raises what `result` raises."""
    yield from wait(manners, seen)
    yield from fetch(manners, _result_url(seen), _ANYTHING, into=path)
    return path


def cancel(manners: Manners, seen: Seen) -> Steps[Representation]:
    """Ask for a stop; the job as it is then, `cancelled` or `cancelling`."""
    response = yield from exchange(manners, Send(method="DELETE", url=seen.url, headers=_JSON, trusted=manners.trusts(seen.url)))
    if response.status_code == 202:
        seen.update(response)
        return seen.representation
    return (yield from look(manners, seen))


def retry(manners: Manners, seen: Seen) -> Steps[Representation]:
    """Begin a failed or cancelled job anew. Never sent twice: a second one could undo what came in between."""
    link = seen.representation.links.get("retry")
    url = seen.url.join(link.href) if link else seen.url.copy_with(path=f"{seen.url.path}/retry")
    response = yield from exchange(manners, Send(method="POST", url=url, headers=_JSON, trusted=manners.trusts(url)), repeatable=False)
    seen.update(response)
    return seen.representation


def _result_url(seen: Seen) -> httpx2.URL:
    job = seen.representation
    match job.status:
        case Status.FAILED:
            raise JobFailed(parse(job.error or {}))
        case Status.CANCELLED:
            raise JobCancelled(f"Job {job.job_id} was cancelled.")
        case _:
            return seen.url.join(job.result_url or f"{seen.url.path}/result")


def _below(base: httpx2.URL, path: str) -> httpx2.URL:
    """A path of the application, whatever path the base has; a URL stays what it is."""
    return httpx2.URL(path) if "://" in path else httpx2.URL(f"{str(base).rstrip('/')}/{path.lstrip('/')}")


def _decode(response: httpx2.Response, type: type[T]) -> T:
    try:
        return msgspec.json.decode(response.content, type=type)
    except (ValueError, RecursionError) as error:
        raise ApiError.unexpected(response, f"Its body is not what a Coatcheck application sends ({error}).") from error


def _typed(body: bytes, type: Any) -> Any:
    if hasattr(type, "model_validate_json"):  # a pydantic model
        return type.model_validate_json(body)
    return msgspec.json.decode(body, type=Any if type is None else type)


def _is_json(response: httpx2.Response) -> bool:
    media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def _dump(value: Any) -> Any:
    if hasattr(value, "model_dump"):  # a pydantic model
        return value.model_dump(mode="json", by_alias=True)
    raise TypeError(f"Objects of type {type(value).__qualname__} have no JSON form.")
