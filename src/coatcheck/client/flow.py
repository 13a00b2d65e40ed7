"""The client's use cases, without I/O: one generator each, driven by `blocking` and `asynchronous` alike."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import httpx2
import msgspec

from coatcheck.client.body import Body
from coatcheck.client.errors import ApiError, Unreachable
from coatcheck.client.exchange import Manners, Send, Steps, exchange, fetch
from coatcheck.client.looking import ANYTHING, JSON, Seen, look, part, wait
from coatcheck.client.reading import completed, is_json, is_result, lasting_place, unseen
from coatcheck.domain.created import Created
from coatcheck.domain.state import Status
from coatcheck.errors import (
    JobCancelled,
    JobFailed,
)
from coatcheck.wire.headers import find_link, format_idempotency_key
from coatcheck.wire.problems import parse
from coatcheck.wire.representation import Link, Representation
from coatcheck.wire.styling import unstyled

T = TypeVar("T")


class Page(msgspec.Struct):
    """A list, as the application sends it."""

    items: list[msgspec.Raw]


def submit(manners: Manners, path: str, body: Body | None, key: str | None = None, *, webhook_url: str | None = None) -> Steps[Seen]:
    """Ask for an operation. The key makes it safe to send again when the answer was lost."""
    key = str(uuid.uuid4()) if key is None else key
    request = _request(manners, path, body, {"Prefer": "respond-async", "Idempotency-Key": format_idempotency_key(key)})
    if webhook_url is not None:
        request = replace(request, url=request.url.copy_add_param("webhookUrl", webhook_url))
    try:
        response = yield from exchange(manners, request)
    except (ApiError, Unreachable) as error:
        error.idempotency_key = key
        raise
    return _accepted(manners, request.url, response)


def send(manners: Manners, path: str, body: Body | None) -> Steps[None]:
    """Ask for an operation that is fire and forget. Never sent twice: nobody could tell the second from another request."""
    yield from exchange(manners, _request(manners, path, body, {}), repeatable=False)


def _request(manners: Manners, path: str, body: Body | None, headers: Mapping[str, str]) -> Send:
    url = _below(manners.base_url, path)
    carried = {} if body is None else body.headers
    return Send(method="POST", url=url, headers={**JSON, **headers, **carried}, body=body, trusted=manners.trusts(url))


def find(manners: Manners, jobs_path: str, job: str) -> Steps[Seen]:
    """The job of an id, or of a status URL."""
    url = manners.base_url.join(job) if "/" in job else _below(manners.base_url, f"{jobs_path}/{quote(job, safe='')}")
    seen = Seen(url, unseen(url), style=manners.style)
    yield from look(manners, seen)
    return seen


def page(manners: Manners, url: httpx2.URL) -> Steps[tuple[list[Seen], httpx2.URL | None]]:
    """One page of jobs, and where the next one is."""
    response = yield from fetch(manners, url, JSON)
    following = find_link(response.headers.get("Link", ""), "next")
    try:
        items = [unstyled(bytes(item), manners.style, {}) for item in _decode(response, Page).items]
    except (ValueError, RecursionError) as error:
        raise ApiError.unexpected(response, f"Its items are not what an application of that style sends ({error}).") from error
    jobs = [Seen(url.join(item.status_url), item, style=manners.style) for item in items]
    return jobs, None if following is None else url.join(following)


def first_page(manners: Manners, jobs_path: str, filters: Mapping[str, str | None]) -> httpx2.URL:
    """Where the list of jobs begins."""
    query = urlencode({name: value for name, value in filters.items() if value is not None})
    return _below(manners.base_url, jobs_path + (f"?{query}" if query else ""))


def operations(manners: Manners) -> Steps[list[dict[str, Any]]]:
    """The catalogue of operations."""
    response = yield from fetch(manners, _below(manners.base_url, "/operations"), JSON)
    items: list[dict[str, Any]] = _decode(response, dict[str, Any])["items"]
    return items


def result(manners: Manners, seen: Seen, type: Any) -> Steps[Any]:
    """Wait for the end, and get what the operation returned.

    Raises JobFailed and JobCancelled where there is no result.
    """
    yield from wait(manners, seen)
    url = _result_url(seen)
    job = seen.representation
    inline = bytes(job.result)
    if job.result_url and job.result_url != job.links.get("result", Link(job.result_url)).href:
        return Created(str(url), msgspec.json.decode(inline))
    if inline != b"null":
        return _typed(inline, type)
    response = yield from fetch(manners, url, ANYTHING)
    return _typed(response.content, type) if is_json(response) else response.content


def download(manners: Manners, seen: Seen, path: Path) -> Steps[Path]:
    """Wait for the end, and write the result's bytes to a file. Raises what `result` raises."""
    yield from wait(manners, seen)
    yield from fetch(manners, _result_url(seen), ANYTHING, into=path)
    return path


def cancel(manners: Manners, seen: Seen) -> Steps[Representation]:
    """Ask for a stop; the job as it is then, `cancelled` or `cancelling`."""
    response = yield from exchange(manners, Send(method="DELETE", url=seen.url, headers=JSON, trusted=manners.trusts(seen.url)))
    if response.status_code == 202:
        if not seen.ended:  # as a stream may have told meanwhile
            seen.update(response)
        return seen.representation
    return (yield from look(manners, seen))


def retry(manners: Manners, seen: Seen) -> Steps[Representation]:
    """Begin a failed or cancelled job anew. Never sent twice: a second one could undo what came in between."""
    link = seen.representation.links.get("retry")
    url = seen.url.join(link.href) if link else part(seen, "retry")
    response = yield from exchange(manners, Send(method="POST", url=url, headers=JSON, trusted=manners.trusts(url)), repeatable=False)
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
            return seen.url.join(job.result_url) if job.result_url else part(seen, "result")


def _accepted(manners: Manners, url: httpx2.URL, response: httpx2.Response) -> Seen:
    """The job that an answer to a submission speaks of. Raises ApiError where it speaks of none."""
    links_to = find_link(response.headers.get("Link", ""), "status")
    see_other = response.status_code == httpx2.codes.SEE_OTHER
    if not (see_other or response.is_success):
        raise ApiError.unexpected(response, "That is no answer to a submission.")
    location = links_to if see_other or is_result(response) else response.headers.get("Location")
    if location is None:
        location = _decode(response, Representation).status_url
    seen = Seen(url.join(location), unseen(url.join(location)), style=manners.style)
    if see_other:
        own = part(seen, "result")
        seen.representation = completed(seen.representation, str(lasting_place(response, own)), by=str(own))
    else:
        seen.update(response)
    return seen


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
