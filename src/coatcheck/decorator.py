"""The type of what makes operations of functions."""

from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar, overload

from coatcheck.bound import BoundOperation
from coatcheck.context import Job

A = TypeVar("A")
B = TypeVar("B")
P = ParamSpec("P")
R = TypeVar("R")


class Decorator(Protocol):
    """What `@jobs.operation(…)` is: takes `async def` and `def`, with the job last, first, or not at all.

    A function that took nothing but jobs would fit two overloads, hence the ignores; none does.
    """

    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, function: Callable[Concatenate[Job, P], Awaitable[R]], /
    ) -> BoundOperation[Concatenate[Job, P], Awaitable[R], P, R]: ...
    @overload
    def __call__(self, function: Callable[[A, Job], Awaitable[R]], /) -> BoundOperation[[A, Job], Awaitable[R], [A], R]: ...
    @overload
    def __call__(self, function: Callable[[A, B, Job], Awaitable[R]], /) -> BoundOperation[[A, B, Job], Awaitable[R], [A, B], R]: ...
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, function: Callable[Concatenate[Job, P], R], /
    ) -> BoundOperation[Concatenate[Job, P], R, P, R]: ...
    @overload
    def __call__(self, function: Callable[[A, Job], R], /) -> BoundOperation[[A, Job], R, [A], R]: ...
    @overload
    def __call__(self, function: Callable[[A, B, Job], R], /) -> BoundOperation[[A, B, Job], R, [A, B], R]: ...
    @overload
    def __call__(self, function: Callable[P, Awaitable[R]], /) -> BoundOperation[P, Awaitable[R], P, R]: ...
    @overload
    def __call__(self, function: Callable[P, R], /) -> BoundOperation[P, R, P, R]: ...
