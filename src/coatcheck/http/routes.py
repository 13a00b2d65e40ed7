"""The table of our routes."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from coatcheck.errors import MethodNotAllowed
from coatcheck.http import documentation as documented
from coatcheck.http.call import Call
from coatcheck.http.cancel import cancel
from coatcheck.http.catalogue import catalogue
from coatcheck.http.endpoint import Documentation, Endpoint
from coatcheck.http.explain import explain
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


class _Route(NamedTuple):
    method: str
    path: str
    name: str
    answer: Callable[..., Awaitable[Response]]
    """Takes the `Call`, and where it is a submission the arguments that the host resolved."""
    documentation: Documentation
    operation: Operation[..., Any] | None = None


def endpoints(wiring: Wiring) -> list[Endpoint]:
    """Every route of an application whose operations are all registered."""
    mount = wiring.settings.mount
    jobs = mount + wiring.settings.jobs_path
    job = jobs + "/{job_id}"
    routes = (
        _Route("GET", jobs, "coatcheck:list", listing, documented.listing()),
        _Route("GET", job, STATUS_ROUTE, status, documented.status()),
        _Route("DELETE", job, "coatcheck:cancel", cancel, documented.cancel()),
        _Route("GET", f"{job}/result", "coatcheck:result", result, documented.result()),
        _Route("GET", f"{job}/events", "coatcheck:events", history, documented.history()),
        _Route("POST", f"{job}/retry", "coatcheck:retry", retry, documented.retry()),
        _Route("GET", f"{mount}/operations", "coatcheck:operations", catalogue, documented.catalogue()),
        _Route("GET", f"{mount}/healthz", "coatcheck:healthz", alive, documented.alive()),
        _Route("GET", f"{mount}/readyz", "coatcheck:readyz", ready, documented.ready()),
        _Route("GET", f"{mount}/problems/{{kind}}", "coatcheck:problem", explain, documented.explain()),
    )
    table = [*(_submission(wiring, operation) for operation in wiring.registry), *routes]
    return [_endpoint(wiring, route, _methods(table, route.path)) for route in table]


def _submission(wiring: Wiring, operation: Operation[..., Any]) -> _Route:
    async def answer(call: Call, resolved: Mapping[str, Any]) -> Response:
        return await submit(call, operation, resolved)

    return _Route("POST", wiring.settings.mount + operation.path, operation.name, answer, documented.submission(operation), operation)


def _endpoint(wiring: Wiring, route: _Route, allowed: str) -> Endpoint:
    async def handler(request: Request, resolved: Mapping[str, Any]) -> Response:
        call = Call(wiring, request, here(request.scope, route.path, wiring.settings))
        answer = route.answer(call, resolved) if route.operation else route.answer(call)
        return await answered(answer, request, call.urls, wiring.telemetry)

    def refusal(request: Request) -> Response:
        error = MethodNotAllowed(f"This URL does not know {request.method[:20]}; it knows {allowed}.")
        return error_response(error, here(request.scope, route.path, wiring.settings), {"Allow": allowed})

    return Endpoint(
        method=route.method,
        path=route.path,
        name=route.name,
        handler=handler,
        refusal=refusal,
        documentation=route.documentation,
        operation=route.operation,
    )


def _methods(table: Iterable[_Route], path: str) -> str:
    methods = {route.method for route in table if route.path == path}
    return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))
