"""Our routes for Starlette."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Lifespan, Receive, Scope, Send

from coatcheck.domain.problem import Problem
from coatcheck.errors import ConfigurationError
from coatcheck.http.endpoint import Endpoint
from coatcheck.http.problems import problem_response
from coatcheck.http.routes import endpoints
from coatcheck.http.urls import from_elsewhere
from coatcheck.http.wiring import Wiring


def routes(wiring: Wiring) -> list[Route]:
    """A route for each endpoint of an application whose operations are all registered.

    Raises ConfigurationError for an operation with parameters that only FastAPI can resolve (`Depends`, `Header`, …).
    """
    return [_Route(endpoint) for endpoint in endpoints(wiring)]


def application(wiring: Wiring, lifespan: Lifespan[Starlette]) -> Starlette:
    """An application of our routes alone, whose every answer is one of ours."""

    async def problem(request: Request, _: Exception) -> Response:
        urls = from_elsewhere(request.scope, wiring.settings)
        return problem_response(Problem(kind="not-found", title="Not found", status=404, detail="There is nothing under this URL."), urls)

    app = Starlette(routes=routes(wiring), lifespan=lifespan, exception_handlers={404: problem})
    app.router.redirect_slashes = False  # such a redirect would be built from the Host header
    return app


class _Route(Route):
    """Answers a method it does not know with a problem document, once no other route has claimed the request."""

    def __init__(self, endpoint: Endpoint) -> None:
        if endpoint.operation and endpoint.operation.parameters.dependencies:
            names = ", ".join(endpoint.operation.parameters.dependencies)
            raise ConfigurationError(
                f"Operation {endpoint.operation.name!r} has parameters that FastAPI resolves ({names}), and the routes are Starlette's. "
                "Include `.router` in a FastAPI application, or take what they give from the request's body."
            )

        async def answer(request: Request) -> Response:
            return await endpoint.handler(request, {})

        super().__init__(endpoint.path, answer, methods=[endpoint.method], name=endpoint.name)
        self._refusal = endpoint.refusal

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.methods is not None and scope["method"] not in self.methods:
            await self._refusal(Request(scope))(scope, receive, send)
        else:
            await super().handle(scope, receive, send)
