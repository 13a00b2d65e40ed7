"""`POST {path}`: store a request, and say where to follow it."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from coatcheck.errors import InvalidParameter
from coatcheck.http import window
from coatcheck.http.access import name
from coatcheck.http.arguments import read_arguments
from coatcheck.http.call import Call
from coatcheck.http.callback import in_query, one_of
from coatcheck.http.limits import admit_submission, counting_jobs
from coatcheck.http.losable import forget
from coatcheck.http.problems import answered
from coatcheck.http.urls import from_elsewhere
from coatcheck.http.wiring import Wiring
from coatcheck.jobs import check_key
from coatcheck.operations.operation import Operation
from coatcheck.wire.headers import parse_idempotency_key, parse_traceparent


async def submit(call: Call, operation: Operation[..., Any], resolved: Mapping[str, Any]) -> Response:
    """Answer a request for `operation`. `resolved` holds the arguments that the host framework found by itself.

    Nothing is stored before everything is found good.
    """
    viewer = await call.viewer()
    admit_submission(call, operation, viewer)
    owner = name(viewer)
    key = _idempotency_key(call.request)
    check_key(operation, key)  # before a long body is read for nothing
    style, asked = call.wiring.style_of(operation.name), in_query(call.request, operation)
    if asked is not None:  # before files are kept for nothing
        await call.wiring.endpoints.check_callback(owner, asked)
    arguments, said = await read_arguments(call.wiring, call.request, operation, json_types=style.json_types)
    webhook_url = one_of(asked, said)
    if said is not None:
        await call.wiring.endpoints.check_callback(owner, said)
    if not operation.durable:
        return await forget(call.wiring, operation, {**arguments, **resolved}, owner, key)
    with counting_jobs(call.told):
        submitted = await call.wiring.jobs.submit(
            operation,
            {**arguments, **resolved},
            owner,
            idempotency_key=key,
            webhook_url=webhook_url,
            traceparent=_traceparent(call.request),
        )
    return await window.answer(call.wiring, operation, submitted, call.urls, call.request)


async def accept(
    wiring: Wiring,
    operation: Operation[..., Any],
    bind: Callable[[], Mapping[str, Any]],
    *,
    owner: str,
    idempotency_key: str | None = None,
    webhook_url: str | None = None,
    request: Request | None = None,
) -> Response:
    """The answer to a request for `operation` that came in at a route of the application's own.

    `bind` gives the arguments by name (`operation.parameters.bind`). With `request`, its Idempotency-Key is taken where none
    is given, likewise the `webhookUrl` in its query where the operation takes any, and URLs respect where the host put our
    routes; without it they begin where it had them when it started. What is wrong with the request, or keeps it from being
    stored, is answered as a problem document, as our own route would.
    """
    urls = from_elsewhere(request.scope if request else None, wiring.settings, wiring.prefix)

    async def answer() -> Response:
        key = idempotency_key if idempotency_key is not None or request is None else _idempotency_key(request)
        if verdict.refused is not None:
            raise verdict.refused
        if not operation.durable:
            return await forget(wiring, operation, bind(), owner, key)
        url = in_query(request, operation) if webhook_url is None and request is not None and operation.webhooks else webhook_url
        if url is not None:
            await wiring.endpoints.check_callback(owner, url)
        with counting_jobs(verdict.headers):
            trace = None if request is None else _traceparent(request)
            submitted = await wiring.jobs.submit(operation, bind(), owner, idempotency_key=key, webhook_url=url, traceparent=trace)
        return await window.answer(wiring, operation, submitted, urls, request)

    verdict = wiring.admission.submission(operation, owner)
    response = await answered(answer(), request, urls, wiring.telemetry)
    response.headers.update(verdict.headers)
    return response


def _traceparent(request: Request) -> str | None:
    return parse_traceparent(request.headers.get("traceparent", ""))


def _idempotency_key(request: Request) -> str | None:
    keys = {parse_idempotency_key(header) for header in request.headers.getlist("idempotency-key")}
    if len(keys) > 1:
        raise InvalidParameter("The request has more than one Idempotency-Key; send one.")
    return keys.pop() if keys else None
