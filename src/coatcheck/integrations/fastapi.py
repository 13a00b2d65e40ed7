"""Our routes for FastAPI: real ones, with their schemas in `/docs`, and `Depends` at submit time."""

from collections.abc import Awaitable, Callable
from inspect import Parameter, Signature, signature
from typing import Any, get_type_hints

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from coatcheck.http.endpoint import Documentation, Endpoint
from coatcheck.http.routes import endpoints
from coatcheck.http.wiring import Wiring

_REQUEST = "coatcheck_request"  # no dependency of an operation's own is called so


def router(wiring: Callable[[], Wiring]) -> APIRouter:
    """A router with all endpoints of an application whose operations are all registered.

    It can be included anywhere, below a prefix and behind dependencies of the application's own.
    """
    router = APIRouter()
    for endpoint in endpoints(wiring):
        _add(router, endpoint, [endpoint.method], listed=True)
        if endpoint.method == "GET":
            _add(router, endpoint, ["HEAD"], listed=False)
        if endpoint.socket is not None:
            router.add_api_websocket_route(endpoint.path, endpoint.socket, name=f"{endpoint.name}-socket")
    return router


class _Route(APIRoute):
    """Answers a method it does not know with a problem document, once no other route has claimed the request."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in (self.methods or ()):
            await self.endpoint.refusal(Request(scope))(scope, receive, send)  # type: ignore[attr-defined]
        else:
            await super().handle(scope, receive, send)


def _add(router: APIRouter, endpoint: Endpoint, methods: list[str], *, listed: bool) -> None:
    documentation = endpoint.documentation
    router.add_api_route(
        endpoint.path,
        _answer(endpoint),
        methods=methods,
        name=endpoint.name,
        response_model=None,
        status_code=documentation.status,
        summary=documentation.summary,
        description=documentation.description,
        tags=[documentation.tag],
        responses={status: dict(response) for status, response in documentation.responses.items()},
        openapi_extra=_extra(documentation),
        include_in_schema=listed,
        response_class=Response,
        route_class_override=_Route,
    )


def _answer(endpoint: Endpoint) -> Callable[..., Awaitable[Response]]:
    """The endpoint as a function whose signature asks FastAPI for the request and for what the operation depends on."""

    async def answer(**resolved: Any) -> Response:
        request = resolved.pop(_REQUEST)
        return await endpoint.handler(request, resolved)

    answer.__signature__ = Signature([_keyword(_REQUEST, Request), *_dependencies(endpoint)])  # type: ignore[attr-defined]
    answer.refusal = endpoint.refusal  # type: ignore[attr-defined]  # older releases copy a route, and keep its function alone
    return answer


def _dependencies(endpoint: Endpoint) -> list[Parameter]:
    if endpoint.operation is None:
        return []
    function = endpoint.operation.function
    declared, annotations = signature(function).parameters, get_type_hints(function, include_extras=True)
    return [
        _keyword(name, annotations.get(name, Any), default=declared[name].default) for name in endpoint.operation.parameters.dependencies
    ]


def _keyword(name: str, annotation: Any, default: Any = Parameter.empty) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _extra(documentation: Documentation) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    if documentation.parameters:
        extra["parameters"] = [dict(parameter) for parameter in documentation.parameters]
    if documentation.request_body is not None:
        extra["requestBody"] = dict(documentation.request_body)
    if documentation.callbacks is not None:
        extra["callbacks"] = dict(documentation.callbacks)
    return extra
