"""One of our routes, as any host framework can serve it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from coatcheck.operations.operation import Operation

Handler = Callable[[Request, Mapping[str, Any]], Awaitable[Response]]
"""Answers a request. The mapping holds the arguments that the host resolved (`Operation.parameters.dependencies`)."""


@dataclass(frozen=True, kw_only=True)
class Documentation:
    """What a route says of itself in an OpenAPI 3.1 document."""

    summary: str
    description: str = ""
    tag: str = "jobs"
    status: int = 200
    """The usual answer."""
    responses: Mapping[int, Mapping[str, Any]]
    """Every answer, with its headers and schema."""
    parameters: Sequence[Mapping[str, Any]] = ()
    request_body: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A path, a method, and what answers there."""

    method: str
    path: str
    """Below the host's own prefix, in Starlette's notation."""
    name: str
    handler: Handler
    refusal: Callable[[Request], Response]
    """Answers a request for this path with a method that none of our routes there has: 405."""
    documentation: Documentation
    operation: Operation[..., Any] | None = None
    """What is submitted here."""
