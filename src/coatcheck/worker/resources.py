"""What runs borrow from their worker: a database pool, a model.

A job's loop is not the web server's, so it cannot use the web side's pools. A resource is an async generator that
yields once: before the yield it opens, after it closes.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Literal, TypeVar

from coatcheck.errors import ConfigurationError

T = TypeVar("T")
Hook = Callable[[], AsyncIterator[T]]
Scope = Literal["worker", "job"]


class Resources:
    """The resource hooks of an application."""

    def __init__(self) -> None:
        self._scopes: dict[Hook[Any], Scope] = {}

    def add(self, hook: Hook[T], scope: Scope) -> None:
        """Open `hook` once a worker, or once a job."""
        if scope not in ("worker", "job"):
            raise ConfigurationError(f"resource(scope={scope!r}): a resource is opened once a 'worker' or once a 'job'.")
        self._scopes[hook] = scope

    def any(self, scope: Scope) -> bool:
        """Whether there is a hook of that scope."""
        return scope in self._scopes.values()

    async def open(self, scope: Scope, stack: AsyncExitStack) -> dict[Any, Any]:
        """Open all hooks of `scope`, to be closed with `stack`; their values by hook."""
        opened: dict[Any, Any] = {}
        for hook, its_scope in self._scopes.items():
            if its_scope == scope:
                opened[hook] = await stack.enter_async_context(asynccontextmanager(hook)())
        return opened
