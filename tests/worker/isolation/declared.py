"""What the operations of these tests are declared with."""

import threading
from collections.abc import Callable
from typing import Any

from coatcheck import Coatcheck

jobs = Coatcheck()

MEBIBYTE = 1024**2
FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""The functions by name."""


def process(**policy: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make an operation of a function, in processes of its own, at its own name."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        FUNCTIONS[function.__name__] = function
        return jobs.operation(f"/{function.__name__}", isolation="process", **policy)(function)

    return register


def hold() -> None:
    """Hold the slot for ever, without holding anything else."""
    threading.Event().wait()
