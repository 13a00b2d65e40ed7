"""Our routes path by path, for hosts whose routing leaves the method to what is found there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from coatcheck.errors import ConfigurationError
from coatcheck.http.endpoint import Endpoint
from coatcheck.http.routes import endpoints
from coatcheck.http.wiring import Authenticate, Wiring


@dataclass(frozen=True)
class Path:
    """All that answers on one path."""

    endpoints: Sequence[Endpoint]

    @property
    def path(self) -> str:
        """Below the host's own prefix, in Starlette's notation: parameters are `{name}`, and have no slash."""
        return self.endpoints[0].path

    @property
    def name(self) -> str:
        """What the host finds it by: `status`, `result`, …; `submit_` and an operation's own name."""
        first = self.endpoints[0]
        return f"submit_{first.name}" if first.operation else first.name.removeprefix("coatcheck:")

    async def answer(self, request: Request, own: object) -> Response:
        """Answer a request with any method; `own` is the request as the host's own code knows it."""
        method = "GET" if request.method == "HEAD" else request.method
        for endpoint in self.endpoints:
            if endpoint.method == method:
                return await endpoint.handler(request, {}, own)
        return self.endpoints[0].refusal(request)

    async def problem(self, request: Request, error: Exception) -> Response:
        """What is answered where the host meets this error."""
        return await self.endpoints[0].problem(request, error)


Adapt = Callable[[Authenticate | None], Authenticate | None]
"""Makes of the application's hook one for the requests that our routes see in this host."""


def paths(wiring: Callable[[], Wiring], host: str, adapt: Adapt) -> list[Path]:
    """Every path of an application whose operations are all registered.

    Raises ConfigurationError for an operation with parameters that only FastAPI can resolve (`Depends`, `Header`, …).
    """
    found: dict[str, list[Endpoint]] = {}
    for endpoint in endpoints(_adapted(wiring, adapt)):
        require_independence(endpoint, host)
        found.setdefault(endpoint.path, []).append(endpoint)
    return [Path(tuple(endpoints)) for endpoints in found.values()]


def _adapted(wiring: Callable[[], Wiring], adapt: Adapt) -> Callable[[], Wiring]:
    """The wiring with the adapted hook; made anew only where the wiring is another."""
    made: tuple[Wiring, Wiring] | None = None

    def current() -> Wiring:
        nonlocal made
        now, kept = wiring(), made
        if kept is None or kept[0] is not now:
            made = kept = now, replace(now, authenticate=adapt(now.authenticate))
        return kept[1]

    return current


def require_independence(endpoint: Endpoint, host: str) -> None:
    """Raise ConfigurationError for an operation with parameters that only FastAPI can resolve."""
    operation: Any = endpoint.operation
    if operation and operation.parameters.dependencies:
        names = ", ".join(operation.parameters.dependencies)
        raise ConfigurationError(
            f"Operation {operation.name!r} has parameters that FastAPI resolves ({names}), and the routes are {host}'s. "
            "Include `.router` in a FastAPI application, or take what they give from the request's body."
        )
