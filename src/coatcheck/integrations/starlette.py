"""Our routes for Starlette."""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Lifespan, Receive, Scope, Send

from coatcheck.domain.problem import Problem
from coatcheck.http.cors import shared
from coatcheck.http.endpoint import Endpoint
from coatcheck.http.problems import problem_response
from coatcheck.http.routes import endpoints
from coatcheck.http.urls import from_elsewhere
from coatcheck.http.wiring import Wiring
from coatcheck.integrations.paths import require_independence


def routes(wiring: Callable[[], Wiring]) -> list[BaseRoute]:
    """A route for each endpoint of an application whose operations are all registered.

    Raises ConfigurationError for an operation with parameters that only FastAPI can resolve (`Depends`, `Header`, …).
    """
    found: list[BaseRoute] = []
    for endpoint in endpoints(wiring):
        found.append(_Route(endpoint))
        if endpoint.socket is not None:
            found.append(WebSocketRoute(endpoint.path, endpoint.socket, name=f"{endpoint.name}-socket"))
    return found


def application(wiring: Callable[[], Wiring], lifespan: Lifespan[Starlette]) -> Starlette:
    """An application of our routes alone, whose every answer is one of ours."""

    async def problem(request: Request, _: Exception) -> Response:
        settings = wiring().settings
        urls = from_elsewhere(request.scope, settings)
        unknown = Problem(kind="not-found", title="Not found", status=404, detail="There is nothing under this URL.")
        return shared(problem_response(unknown, urls), request, settings)

    app = Starlette(routes=routes(wiring), lifespan=lifespan, exception_handlers={404: problem})
    app.router.redirect_slashes = False  # such a redirect would be built from the Host header
    return app


class _Route(Route):
    """Answers a method it does not know with a problem document, once no other route has claimed the request."""

    def __init__(self, endpoint: Endpoint) -> None:
        require_independence(endpoint, "Starlette")

        async def answer(request: Request) -> Response:
            return await endpoint.handler(request, {})

        super().__init__(endpoint.path, answer, methods=[endpoint.method], name=endpoint.name)
        self._refusal = endpoint.refusal

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.methods is not None and scope["method"] not in self.methods:
            await self._refusal(Request(scope))(scope, receive, send)
        else:
            await super().handle(scope, receive, send)
