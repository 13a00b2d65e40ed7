"""One of our routes, as any host framework can serve it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from coatcheck.operations.operation import Operation


class Handler(Protocol):
    """Answers a request, whatever it is, and never raises."""

    def __call__(self, request: Request, resolved: Mapping[str, Any], own: Any = None, /) -> Awaitable[Response]:
        """`resolved` holds the arguments that the host found by itself (`Operation.parameters.dependencies`).

        `own` is the request as the host's own code knows it, for the `authenticate` hook; None where that is `request`.
        """


@dataclass(frozen=True, kw_only=True)
class Documentation:
    """What a route says of itself in an OpenAPI 3.1 document."""

    summary: str
    description: str = ""
    tag: str = "jobs"
    status: int = 200
    """The usual answer."""
    responses: Mapping[int | str, Mapping[str, Any]]
    """Every answer, with its headers and schema."""
    parameters: Sequence[Mapping[str, Any]] = ()
    request_body: Mapping[str, Any] | None = None
    callbacks: Mapping[str, Any] | None = None
    """What the application sends to whoever asked for it."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A path, a method, and what answers there."""

    method: str
    path: str
    """Below the host's own prefix, in Starlette's notation."""
    allowed: str
    """All methods that our routes on this path know, as in an `Allow` field."""
    name: str
    handler: Handler
    refusal: Callable[[Request], Response]
    """Answers a request for this path with a method that none of our routes there has: 405."""
    problem: Callable[[Request, Exception], Awaitable[Response]]
    """What `handler` answers when it meets this error; for what the host has to refuse."""
    documentation: Documentation
    operation: Operation[..., Any] | None = None
    """What is submitted here."""
    socket: Callable[[WebSocket], Awaitable[None]] | None = None
    """What holds a conversation with a WebSocket that is opened here; None: none can be."""
