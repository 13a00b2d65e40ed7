"""The answer to a request that was stored: at once, or with the result where that was quick to come."""

from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from coatcheck.errors import StoreUnavailable
from coatcheck.http.accepted import Accepted
from coatcheck.http.answer import job_body, pointers
from coatcheck.http.deliver import deliver
from coatcheck.http.problems import answered
from coatcheck.http.urls import Urls
from coatcheck.http.waiting import moved, preferences
from coatcheck.http.wiring import Wiring
from coatcheck.operations.operation import Operation
from coatcheck.store.contract import Submitted
from coatcheck.wire.headers import format_link
from coatcheck.wire.prefer import Preferences


async def answer(wiring: Wiring, operation: Operation[..., Any], submitted: Submitted, urls: Urls, request: Request | None) -> Response:
    """The job's result where it ended inside the window; else 202, or 200 for a replay that has ended, with its representation.

    The window is what the client prefers (RFC 7240), or else the operation's. The job is durable already: a client that goes
    changes nothing about it.
    """
    preferred, job = preferences(request), submitted.job
    window = _window(operation, preferred)
    if window and not job.status.terminal:
        with suppress(StoreUnavailable):  # then it stands as it did: stored
            job = await moved(wiring, job, request, seconds=window)
    if window and job.status.terminal:
        response = await answered(deliver(wiring, job, urls), request, urls, wiring.telemetry)
        response.headers["Link"] = format_link(urls.status(job.id), "status")
    else:
        headers = pointers(job, urls)
        body = await job_body(wiring, job, urls, headers, ahead=submitted.ahead if job is submitted.job else None)
        response = Accepted(body, 200 if job.status.terminal else 202, headers)
    if submitted.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    response.headers["Vary"] = "Prefer"
    if applied := _applied(preferred, response):
        response.headers["Preference-Applied"] = applied
    return response


def _window(operation: Operation[..., Any], preferred: Preferences) -> float:
    if preferred.window is not None:
        return preferred.window
    return 0.0 if preferred.respond_async else operation.sync_window


def _applied(preferred: Preferences, response: Response) -> str:
    """The Preference-Applied field (RFC 7240 §3)."""
    said = []
    if preferred.respond_async and isinstance(response, Accepted):
        said.append("respond-async")
    if preferred.window is not None:
        said.append(f"wait={preferred.window}")
    return ", ".join(said)
