"""What an answer says of a job: its representation, or, of an application whose shape is not known, HTTP alone."""

from typing import Any

import httpx2
import msgspec

from coatcheck.client.errors import ApiError
from coatcheck.domain.problem import Problem
from coatcheck.domain.state import Status
from coatcheck.wire import sse
from coatcheck.wire.headers import find_link
from coatcheck.wire.problems import document
from coatcheck.wire.representation import NULL, Link, Representation
from coatcheck.wire.style import HttpStyle
from coatcheck.wire.styling import unstyled

MAX_EVENT = 64 * 1024 * 1024
"""Bytes that an event of a stream may have: several times what any style shows of a result."""

_PROBLEMS = "/problems/"


def read(response: httpx2.Response, url: httpx2.URL, style: HttpStyle, before: Representation | None) -> Representation:
    """How the job under `url` stands, by an answer to a look at it or to its submission.

    A body that is no representation belongs to a job that goes on, where the answer is a 202 or says when to come back; it is
    the job's result otherwise. Raises ApiError for one that cannot be either.
    """
    job = before or unseen(url)
    if is_result(response):
        return with_result(job, response, url)
    try:
        return unstyled(response.content, style, {"jobId": job.job_id, "statusUrl": job.status_url})
    except (ValueError, RecursionError) as error:
        if style.own_shape and style.completed != "body":
            raise ApiError.unexpected(response, f"Its body is not what an application of that style sends ({error}).") from error
    if response.status_code == httpx2.codes.ACCEPTED or "Retry-After" in response.headers:
        return msgspec.structs.replace(job, status=Status.RUNNING)
    return with_result(job, response, url)


def unseen(url: httpx2.URL) -> Representation:
    """All that is known of a job of which nothing was seen but where it is: it is under way."""
    return Representation(job_id=url.path.rpartition("/")[2], status=Status.RUNNING, status_url=url.path)


def is_result(response: httpx2.Response) -> bool:
    """Whether an answer says that it is the job's result itself: it links to the status, and has no place to look at instead."""
    return "Location" not in response.headers and find_link(response.headers.get("Link", ""), "status") is not None


def lasts(response: httpx2.Response) -> bool:
    """Whether an answer may be stored, and with it where it leads: a signed URL holds for a while only."""
    return "no-store" not in (directive.strip().lower() for directive in response.headers.get("Cache-Control", "").split(","))


def lasting_place(response: httpx2.Response, own: httpx2.URL) -> httpx2.URL:
    """Where the result is that an answer speaks of: where that leads, if anywhere for more than a while; else its `own` URL."""
    return response.url.join(response.headers["Location"]) if "Location" in response.headers and lasts(response) else own


def is_stream(response: httpx2.Response) -> bool:
    """Whether an answer goes on as a stream of events."""
    return response.status_code == httpx2.codes.OK and _media_type(response) == sse.MEDIA_TYPE


def is_json(response: httpx2.Response) -> bool:
    """Whether a body is JSON."""
    media_type = _media_type(response)
    return media_type == "application/json" or media_type.endswith("+json")


def with_result(job: Representation, response: httpx2.Response, url: httpx2.URL) -> Representation:
    """The job, completed with what was answered."""
    found = msgspec.Raw(response.content) if is_json(response) else NULL
    return completed(job, str(url), result=found)


def completed(job: Representation, result_url: str, *, by: str | None = None, result: msgspec.Raw = NULL) -> Representation:
    """The job, completed with what is under `result_url`, where the result's own URL `by` leads."""
    links = {**job.links, "result": Link(by or result_url)}
    changes: dict[str, Any] = {"percent_complete": 100, "result": result, "result_url": result_url, "links": links}
    return msgspec.structs.replace(job, status=Status.COMPLETED, **changes)


def failed(job: Representation, problem: Problem) -> Representation:
    """The job, failed with that problem."""
    return msgspec.structs.replace(job, status=Status.FAILED, error=document(problem, _PROBLEMS))


def _media_type(response: httpx2.Response) -> str:
    return str(response.headers.get("Content-Type", "")).partition(";")[0].strip().lower()
