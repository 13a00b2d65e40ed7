"""The table of our routes."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from coatcheck.errors import MethodNotAllowed
from coatcheck.http import documentation as documented
from coatcheck.http.call import Call
from coatcheck.http.cancel import cancel
from coatcheck.http.catalogue import catalogue
from coatcheck.http.cors import allow_origins
from coatcheck.http.describe import describe
from coatcheck.http.endpoint import Documentation, Endpoint
from coatcheck.http.explain import explain
from coatcheck.http.hang_up import hung_up_if_unread
from coatcheck.http.health import alive, ready
from coatcheck.http.history import history
from coatcheck.http.listing import listing
from coatcheck.http.problems import answered, error_response
from coatcheck.http.result import result
from coatcheck.http.retry import retry
from coatcheck.http.status import status
from coatcheck.http.submit import submit
from coatcheck.http.urls import STATUS_ROUTE, here
from coatcheck.http.wiring import Wiring
from coatcheck.operations.operation import Operation
from coatcheck.wire.style import HttpStyle


class _Route(NamedTuple):
    method: str
    path: str
    name: str
    answer: Callable[..., Awaitable[Response]]
    """Takes the `Call`, and where it is a submission the arguments that the host resolved."""
    documentation: Documentation
    operation: Operation[..., Any] | None = None


def endpoints(wiring: Callable[[], Wiring]) -> list[Endpoint]:
    """Every route of an application whose operations are all registered. Each request asks for the wiring anew."""
    settings, style = wiring().settings, wiring().style
    mount = settings.mount
    jobs = mount + settings.jobs_path
    job = jobs + "/{job_id}"
    styles = _distinct([style, *(operation.style for operation in wiring().registry if operation.style is not None)])

    async def description(call: Call) -> Response:
        return await describe(call, described)

    routes = (
        _Route("GET", jobs, "coatcheck:list", listing, documented.listing(styles)),
        _Route("GET", job, STATUS_ROUTE, status, documented.status(styles)),
        _Route("DELETE", job, "coatcheck:cancel", cancel, documented.cancel(styles)),
        _Route("GET", f"{job}/{style.segment('result')}", "coatcheck:result", result, documented.result()),
        _Route("GET", f"{job}/{style.segment('events')}", "coatcheck:events", history, documented.history()),
        _Route("POST", f"{job}/{style.segment('retry')}", "coatcheck:retry", retry, documented.retry(styles)),
        _Route("GET", f"{mount}/operations", "coatcheck:operations", catalogue, documented.catalogue()),
        _Route("GET", f"{mount}/openapi.json", "coatcheck:openapi", description, documented.describe()),
        _Route("GET", f"{mount}/healthz", "coatcheck:healthz", alive, documented.alive()),
        _Route("GET", f"{mount}/readyz", "coatcheck:readyz", ready, documented.ready()),
        _Route("GET", f"{mount}/problems/{{kind}}", "coatcheck:problem", explain, documented.explain()),
    )
    table = [*(_submission(mount, operation, wiring().style_of(operation.name)) for operation in wiring().registry), *routes]
    described = [allow_origins(_endpoint(wiring, route, _methods(table, route.path)), settings) for route in table]
    return described


def _submission(mount: str, operation: Operation[..., Any], style: HttpStyle) -> _Route:
    async def answer(call: Call, resolved: Mapping[str, Any]) -> Response:
        return await submit(call, operation, resolved)

    return _Route("POST", mount + operation.path, operation.name, answer, documented.submission(operation, style), operation)


def _endpoint(wiring: Callable[[], Wiring], route: _Route, allowed: str) -> Endpoint:
    async def handler(request: Request, resolved: Mapping[str, Any], own: Any = None) -> Response:
        parts = wiring()
        call = Call(parts, request, here(request.scope, route.path, parts.settings), own)
        answer = route.answer(call, resolved) if route.operation else route.answer(call)
        response = await answered(answer, request, call.urls, parts.telemetry)
        response.headers.update(call.told)
        return hung_up_if_unread(request, response)

    def refusal(request: Request) -> Response:
        error = MethodNotAllowed(f"This URL does not know {request.method[:20]}; it knows {allowed}.")
        return error_response(error, here(request.scope, route.path, wiring().settings), {"Allow": allowed})

    async def problem(request: Request, error: Exception) -> Response:
        parts = wiring()
        return await answered(_raised(error), request, here(request.scope, route.path, parts.settings), parts.telemetry)

    return Endpoint(
        method=route.method,
        path=route.path,
        allowed=allowed,
        name=route.name,
        handler=handler,
        refusal=refusal,
        problem=problem,
        documentation=route.documentation,
        operation=route.operation,
    )


def _distinct(styles: Sequence[HttpStyle]) -> list[HttpStyle]:
    return [style for number, style in enumerate(styles) if style not in styles[:number]]


async def _raised(error: Exception) -> Response:
    raise error


def _methods(table: Iterable[_Route], path: str) -> str:
    methods = {route.method for route in table if route.path == path}
    return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))
