"""Who sends a request."""

from collections.abc import Awaitable
from inspect import iscoroutinefunction
from typing import Final, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from coatcheck.domain.owner import EVERYONE, SYSTEM, Viewer
from coatcheck.errors import ConfigurationError, Forbidden, Unauthenticated
from coatcheck.http.wiring import Authenticate

_OPERATOR: Final = "system"
"""Owner of what `SYSTEM` submits, and its name in histories."""


async def identify(authenticate: Authenticate | None, request: Request) -> Viewer:
    """Whose eyes this request sees with.

    Raises Unauthenticated, Forbidden for whoever goes by the operator's name, and whatever the hook raises.
    """
    if authenticate is None:
        return EVERYONE
    found: object = await _ask(authenticate, request)
    if found is None:
        raise Unauthenticated
    if found is SYSTEM:
        return SYSTEM
    if found == _OPERATOR:
        raise Forbidden(f"The name {_OPERATOR!r} is the operator's own; nobody else can go by it.")
    if isinstance(found, str) and found:
        return found
    raise ConfigurationError(
        f"authenticate() returned {type(found).__name__} {found!r:.50}; it returns the owner's name (a string that is not empty), "
        "SYSTEM, or None for a request without valid credentials."
    )


async def _ask(authenticate: Authenticate, request: Request) -> object:
    if iscoroutinefunction(authenticate) or iscoroutinefunction(getattr(authenticate, "__call__", None)):  # noqa: B004
        return await cast("Awaitable[object]", authenticate(request))
    return await run_in_threadpool(authenticate, request)


def name(viewer: Viewer) -> str:
    """The viewer as the owner of what it submits, and as the actor in a job's history."""
    return _OPERATOR if viewer is SYSTEM else viewer
