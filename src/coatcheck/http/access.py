"""Who sends a request."""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any, TypeGuard

from starlette.concurrency import run_in_threadpool

from coatcheck.domain.owner import EVERYONE, OPERATOR, SYSTEM, Viewer
from coatcheck.errors import ConfigurationError, Forbidden, Unauthenticated
from coatcheck.http.wiring import Authenticate


async def identify(authenticate: Authenticate | None, request: Any) -> Viewer:
    """Whose eyes this request, the host's own, sees with.

    Raises Unauthenticated, Forbidden for whoever goes by the operator's name, and whatever the hook raises.
    """
    if authenticate is None:
        return EVERYONE
    found: object = await _ask(authenticate, request)
    if found is None:
        raise Unauthenticated
    if found is SYSTEM:
        return SYSTEM
    if found == OPERATOR:
        raise Forbidden(f"The name {OPERATOR!r} is the operator's own; nobody else can go by it.")
    if isinstance(found, str) and found:
        return found
    raise ConfigurationError(
        f"authenticate() returned {type(found).__name__} {found!r:.50}; it returns the owner's name (a string that is not empty), "
        "SYSTEM, or None for a request without valid credentials."
    )


def is_async(authenticate: Authenticate) -> TypeGuard[Callable[[Any], Awaitable[Viewer | None]]]:
    """Whether the hook is `async def`."""
    return iscoroutinefunction(authenticate) or iscoroutinefunction(getattr(authenticate, "__call__", None))  # noqa: B004


async def _ask(authenticate: Authenticate, request: Any) -> object:
    return await (authenticate(request) if is_async(authenticate) else run_in_threadpool(authenticate, request))


def name(viewer: Viewer) -> str:
    """The viewer as the owner of what it submits, and as the actor in a job's history."""
    return OPERATOR if viewer is SYSTEM else viewer
