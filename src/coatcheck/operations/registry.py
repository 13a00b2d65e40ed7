"""The operations of one application."""

from collections.abc import Iterable, Iterator
from typing import Any

from coatcheck.errors import ConfigurationError
from coatcheck.operations.operation import Operation


class Registry:
    """Operations by name. Only what is in here ever runs."""

    def __init__(self) -> None:
        self._operations: dict[str, Operation[..., Any]] = {}

    def add(self, operation: Operation[..., Any]) -> None:
        """Register an operation. Raises ConfigurationError when its name or path is taken."""
        if operation.name in self._operations:
            raise ConfigurationError(f"There is an operation named {operation.name!r} already; give this one another name=.")
        if other := next((other for other in self if other.path == operation.path), None):
            raise ConfigurationError(f"Operation {other.name!r} has the path {operation.path!r} already.")
        self._operations[operation.name] = operation

    def find(self, name: str) -> Operation[..., Any] | None:
        """The operation of that name, if it is registered."""
        return self._operations.get(name)

    def names(self) -> tuple[str, ...]:
        """Names in order of registration."""
        return tuple(self._operations)

    def require(self, names: Iterable[str]) -> None:
        """Raise ConfigurationError for a name that is not registered."""
        if unknown := sorted(set(names) - set(self._operations)):
            raise ConfigurationError(f"There is no operation {', '.join(unknown)}; there are {', '.join(self._operations) or 'none'}.")

    def __iter__(self) -> Iterator[Operation[..., Any]]:
        return iter(self._operations.values())
