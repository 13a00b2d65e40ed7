"""What hostile functions raise and return: the same wherever they run."""

import asyncio
import math
from collections.abc import Callable
from typing import Any

from coatcheck.errors import Cancelled


class Unspeakable(Exception):
    """Its text cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


class Hostile(Exception):
    """Asking for its text would end the process, and no pickle can be made of it."""

    def __str__(self) -> str:
        raise SystemExit(3)

    __repr__ = __str__

    def __reduce__(self) -> str:
        raise SystemExit(3)


class Masked(Exception):
    """Asking what it is raises."""

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise RuntimeError("nobody's business")


class Text(str):
    """Text that cannot be looked at."""

    __slots__ = ()

    def __len__(self) -> int:
        raise RuntimeError("no length")

    def __str__(self) -> str:
        return self


class Evasive(Exception):
    """Its text is such a text."""

    def __str__(self) -> str:
        return Text("evasive")


def caused_by_itself() -> BaseException:
    """Two errors, each the other's cause."""
    error, cause = ValueError("effect"), ValueError("cause")
    error.__cause__, cause.__cause__ = cause, error
    return error


ODD: dict[str, Callable[[], BaseException]] = {
    "SystemExit": lambda: SystemExit(0),
    "KeyboardInterrupt": KeyboardInterrupt,
    "GeneratorExit": GeneratorExit,
    "CancelledError": asyncio.CancelledError,
    "Cancelled": Cancelled,
    "RecursionError": RecursionError,
    "Unspeakable": Unspeakable,
    "Hostile": Hostile,
    "Masked": Masked,
    "Evasive": Evasive,
    "ExceptionGroup": lambda: ExceptionGroup("many", [ValueError(str(number)) for number in range(10_000)]),
    "BaseExceptionGroup": lambda: BaseExceptionGroup("two", [SystemExit(), KeyboardInterrupt()]),
    "StopAsyncIteration": StopAsyncIteration,
    "ValueError": lambda: ValueError("x" * 100_000_000),
    "cyclic": caused_by_itself,
    "surrogate": lambda: ValueError("half \ud800"),
    "UnicodeDecodeError": lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
}
"""Errors by what the problem's title is to name; where it names ValueError, by what is odd about it."""


def title(name: str) -> str:
    """The title of the problem that this error makes."""
    return f"The operation raised {'ValueError' if name in ('cyclic', 'surrogate') else name}"


class Opaque:
    """Has no JSON form."""


def cycle() -> list[Any]:
    """A list in itself."""
    cycle: list[Any] = []
    cycle.append(cycle)
    return cycle


NO_JSON: dict[str, Any] = {
    "object": Opaque(),
    "nested": {"inside": [Opaque()]},
    "nan": math.nan,
    "inf": [math.inf],
    "cyclic": cycle(),
    "surrogate": "\ud800",
    "nul": "a\u0000b",
    "key": {1 + 2j: 1},
}
"""Values without a strict JSON form."""
