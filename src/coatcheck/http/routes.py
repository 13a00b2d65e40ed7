"""The table of our routes."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from coatcheck.errors import MethodNotAllowed
from coatcheck.http import deliveries, documented_events, documented_webhooks, webhook_secret, webhooks
from coatcheck.http import documentation as documented
from coatcheck.http.call import Call
from coatcheck.http.cancel import cancel
from coatcheck.http.catalogue import catalogue
from coatcheck.http.cors import allow_origins
from coatcheck.http.describe import describe
from coatcheck.http.endpoint import Documentation, Endpoint
from coatcheck.http.events import events
from coatcheck.http.explain import explain
from coatcheck.http.hang_up import hung_up_if_unread
from coatcheck.http.health import alive, ready
from coatcheck.http.listing import listing
from coatcheck.http.problems import answered, error_response
from coatcheck.http.result import result
from coatcheck.http.retry import retry
from coatcheck.http.socket import as_request, socket
from coatcheck.http.status import status
from coatcheck.http.submit import submit
from coatcheck.http.ticket import ticket
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
    socket: Callable[[Call, WebSocket], Awaitable[None]] | None = None


def endpoints(wiring: Callable[[], Wiring]) -> list[Endpoint]:
    """Every route of an application whose operations are all registered. Each request asks for the wiring anew."""
    settings, style = wiring().settings, wiring().style
    mount = settings.mount
    jobs = mount + settings.jobs_path
    job = jobs + "/{job_id}"
    own, webhook = mount + "/webhooks", mount + "/webhooks/{webhook_id}"
    styles = _distinct([style, *(operation.style for operation in wiring().registry if operation.style is not None)])

    async def description(call: Call) -> Response:
        return await describe(call, described)

    routes = (
        _Route("GET", jobs, "coatcheck:list", listing, documented.listing(styles)),
        _Route("GET", job, STATUS_ROUTE, status, documented.status(styles)),
        _Route("DELETE", job, "coatcheck:cancel", cancel, documented.cancel(styles)),
        _Route("GET", f"{job}/{style.segment('result')}", "coatcheck:result", result, documented.result()),
        _Route("GET", f"{job}/{style.segment('events')}", "coatcheck:events", events, documented_events.events(), socket=socket),
        _Route("POST", f"{job}/{style.segment('events')}/ticket", "coatcheck:ticket", ticket, documented_events.ticket()),
        _Route("POST", f"{job}/{style.segment('retry')}", "coatcheck:retry", retry, documented.retry(styles)),
        _Route("GET", f"{job}/deliveries", "coatcheck:deliveries", deliveries.of_job, documented_webhooks.deliveries_of_job()),
        _Route(
            "POST",
            f"{job}/deliveries/{{delivery_id}}/redeliver",
            "coatcheck:redeliver",
            deliveries.redeliver,
            documented_webhooks.redeliver(),
        ),
        _Route("GET", f"{mount}/deliveries", "coatcheck:all_deliveries", deliveries.listing, documented_webhooks.deliveries()),
        _Route("GET", f"{own}/secret", "coatcheck:webhook_secret", webhook_secret.look, documented_webhooks.secret()),
        _Route("POST", f"{own}/secret", "coatcheck:renew_webhook_secret", webhook_secret.renew, documented_webhooks.renew_secret()),
        _Route("GET", own, "coatcheck:webhooks", webhooks.listing, documented_webhooks.listing()),
        _Route("POST", own, "coatcheck:register_webhook", webhooks.register, documented_webhooks.register()),
        _Route("GET", webhook, "coatcheck:webhook", webhooks.show, documented_webhooks.show()),
        _Route("PATCH", webhook, "coatcheck:change_webhook", webhooks.change, documented_webhooks.change()),
        _Route("DELETE", webhook, "coatcheck:remove_webhook", webhooks.remove, documented_webhooks.remove()),
        _Route("POST", f"{webhook}/rotate", "coatcheck:rotate_webhook", webhooks.rotate, documented_webhooks.rotate()),
        _Route("POST", f"{webhook}/test", "coatcheck:test_webhook", deliveries.test, documented_webhooks.test()),
        _Route("GET", f"{mount}/operations", "coatcheck:operations", catalogue, documented.catalogue()),
        _Route("GET", f"{mount}/openapi.json", "coatcheck:openapi", description, documented.describe()),
        _Route("GET", f"{mount}/healthz", "coatcheck:healthz", alive, documented.alive()),
        _Route("GET", f"{mount}/readyz", "coatcheck:readyz", ready, documented.ready()),
        _Route("GET", f"{mount}/problems/{{kind}}", "coatcheck:problem", explain, documented.explain()),
    )
    table = [*(_submission(mount, operation, wiring().style_of(operation.name)) for operation in wiring().registry), *routes]
    allowed = {route.path: _methods(table, route.path) for route in table}
    described = [allow_origins(_endpoint(wiring, route, allowed), settings) for route in table]
    return described


def _submission(mount: str, operation: Operation[..., Any], style: HttpStyle) -> _Route:
    async def answer(call: Call, resolved: Mapping[str, Any]) -> Response:
        return await submit(call, operation, resolved)

    return _Route("POST", mount + operation.path, operation.name, answer, documented.submission(operation, style), operation)


def _endpoint(wiring: Callable[[], Wiring], route: _Route, allowed: Mapping[str, str]) -> Endpoint:
    """`allowed` are the methods of each path in the table."""

    async def handler(request: Request, resolved: Mapping[str, Any], own: Any = None) -> Response:
        if route.operation is None and (path := _filled(route.path, request)) != route.path and path in allowed:
            return refused(request, path)  # it has routes of its own, none of which takes this method
        parts = wiring()
        call = Call(parts, request, here(request.scope, route.path, parts.settings), own)
        answer = route.answer(call, resolved) if route.operation else route.answer(call)
        response = await answered(answer, request, call.urls, parts.telemetry)
        response.headers.update(call.told)
        return hung_up_if_unread(request, response)

    def refused(request: Request, path: str) -> Response:
        error = MethodNotAllowed(f"This URL does not know {request.method[:20]}; it knows {allowed[path]}.")
        return error_response(error, here(request.scope, route.path, wiring().settings), {"Allow": allowed[path]})

    def refusal(request: Request) -> Response:
        return refused(request, route.path)

    async def problem(request: Request, error: Exception) -> Response:
        parts = wiring()
        return await answered(_raised(error), request, here(request.scope, route.path, parts.settings), parts.telemetry)

    async def conversation(client: WebSocket) -> None:
        assert route.socket is not None
        parts = wiring()
        await route.socket(Call(parts, as_request(client), here(client.scope, route.path, parts.settings)), client)

    return Endpoint(
        method=route.method,
        path=route.path,
        allowed=allowed[route.path],
        name=route.name,
        handler=handler,
        refusal=refusal,
        problem=problem,
        documentation=route.documentation,
        operation=route.operation,
        socket=conversation if route.socket else None,
    )


def _filled(path: str, request: Request) -> str:
    """The path of a route with what a request has in the places of its parameters."""
    return path.format_map(request.path_params)


def _distinct(styles: Sequence[HttpStyle]) -> list[HttpStyle]:
    return [style for number, style in enumerate(styles) if style not in styles[:number]]


async def _raised(error: Exception) -> Response:
    raise error


def _methods(table: Iterable[_Route], path: str) -> str:
    methods = {route.method for route in table if route.path == path}
    return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))
