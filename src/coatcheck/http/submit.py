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
from coatcheck.http.limits import admit_submission, counting_jobs
from coatcheck.http.losable import forget
from coatcheck.http.problems import answered
from coatcheck.http.urls import from_elsewhere
from coatcheck.http.wiring import Wiring
from coatcheck.jobs import check_key
from coatcheck.operations.operation import Operation
from coatcheck.wire.headers import parse_idempotency_key


async def submit(call: Call, operation: Operation[..., Any], resolved: Mapping[str, Any]) -> Response:
    """Answer a request for `operation`. `resolved` holds the arguments that the host framework found by itself.

    Nothing is stored before everything is found good.
    """
    viewer = await call.viewer()
    admit_submission(call, operation, viewer)
    owner = name(viewer)
    key = _idempotency_key(call.request)
    check_key(operation, key)  # before a long body is read for nothing
    style = call.wiring.style_of(operation.name)
    arguments = await read_arguments(call.wiring, call.request, operation, json_types=style.json_types)
    if not operation.durable:
        return await forget(call.wiring, operation, {**arguments, **resolved}, owner, key)
    with counting_jobs(call.told):
        submitted = await call.wiring.jobs.submit(operation, {**arguments, **resolved}, owner, idempotency_key=key)
    return await window.answer(call.wiring, operation, submitted, call.urls, call.request)


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
    is given, and URLs respect where the host put our routes; without it they begin where it had them when it started. What is
    wrong with the request, or keeps it from being stored, is answered as a problem document, as our own route would.
    """
    urls = from_elsewhere(request.scope if request else None, wiring.settings, wiring.prefix)

    async def answer() -> Response:
        key = idempotency_key if idempotency_key is not None or request is None else _idempotency_key(request)
        if verdict.refused is not None:
            raise verdict.refused
        if not operation.durable:
            return await forget(wiring, operation, bind(), owner, key)
        with counting_jobs(verdict.headers):
            submitted = await wiring.jobs.submit(operation, bind(), owner, idempotency_key=key)
        return await window.answer(wiring, operation, submitted, urls, request)

    verdict = wiring.admission.submission(operation, owner)
    response = await answered(answer(), request, urls, wiring.telemetry)
    response.headers.update(verdict.headers)
    return response


def _idempotency_key(request: Request) -> str | None:
    keys = {parse_idempotency_key(header) for header in request.headers.getlist("idempotency-key")}
    if len(keys) > 1:
        raise InvalidParameter("The request has more than one Idempotency-Key; send one.")
    return keys.pop() if keys else None
