"""`POST {path}`: store a request, and say where to follow it."""

import random
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from coatcheck.errors import InvalidParameter, QueueFull
from coatcheck.http.accepted import Accepted
from coatcheck.http.access import name
from coatcheck.http.answer import job_body, pointers
from coatcheck.http.body import read_body
from coatcheck.http.call import Call
from coatcheck.http.problems import answered
from coatcheck.http.urls import Urls, from_elsewhere
from coatcheck.http.wiring import Wiring
from coatcheck.jobs import DEFAULT_RETRY_AFTER
from coatcheck.operations.operation import Operation
from coatcheck.store.insight import Depth
from coatcheck.wire.headers import parse_idempotency_key


async def submit(call: Call, operation: Operation[..., Any], resolved: Mapping[str, Any]) -> Response:
    """Answer a request for `operation`. `resolved` holds the arguments that the host framework found by itself.

    Nothing is stored before everything is found good.
    """
    owner = name(await call.viewer())
    key = _idempotency_key(call.request)
    body = await read_body(call.request, call.wiring.settings.max_body)
    arguments = operation.parameters.read_body(body)
    return await _accept(call.wiring, operation, {**arguments, **resolved}, owner, key, call.urls)


async def accept(
    wiring: Wiring,
    operation: Operation[..., Any],
    bind: Callable[[], Mapping[str, Any]],
    *,
    owner: str,
    idempotency_key: str | None = None,
    request: Request | None = None,
) -> Response:
    """The answer to a request for `operation` that came in at a route of the application's own.

    `bind` gives the arguments by name (`operation.parameters.bind`). With `request`, its Idempotency-Key is taken where none
    is given, and URLs respect where the host put our routes; without it they begin at `mount`. What is wrong with the
    request, or keeps it from being stored, is answered as a problem document, as our own route would.
    """
    urls = from_elsewhere(request.scope if request else None, wiring.settings)

    async def answer() -> Response:
        key = idempotency_key if idempotency_key is not None or request is None else _idempotency_key(request)
        return await _accept(wiring, operation, bind(), owner, key, urls)

    return await answered(answer(), request, urls, wiring.telemetry)


async def _accept(
    wiring: Wiring, operation: Operation[..., Any], arguments: Mapping[str, Any], owner: str, key: str | None, urls: Urls
) -> Accepted[Any]:
    try:
        submitted = await wiring.jobs.submit(operation, arguments, owner, idempotency_key=key)
    except QueueFull as error:
        raise QueueFull(error.detail, retry_after=await _seconds_until_room(wiring, operation)) from None
    headers = pointers(submitted.job, urls)
    if submitted.replayed:
        headers["Idempotency-Replayed"] = "true"
    body = await job_body(wiring, submitted.job, urls, headers)
    return Accepted(body, 200 if submitted.job.status.terminal else 202, headers)


def _idempotency_key(request: Request) -> str | None:
    keys = {parse_idempotency_key(header) for header in request.headers.getlist("idempotency-key")}
    if len(keys) > 1:
        raise InvalidParameter("The request has more than one Idempotency-Key; send one.")
    return keys.pop() if keys else None


async def _seconds_until_room(wiring: Wiring, operation: Operation[..., Any]) -> float:
    """When one of the waiting jobs will probably have been started; spread, so that clients do not all come back at once."""
    typical = await wiring.jobs.typical_duration(operation.name)
    running = (await wiring.insight.depths()).get(operation.name, Depth()).running
    seconds = DEFAULT_RETRY_AFTER if typical is None else typical / max(1, running)
    return min(60.0, max(1.0, seconds)) * random.uniform(1.0, 2.0)  # noqa: S311  no secret
