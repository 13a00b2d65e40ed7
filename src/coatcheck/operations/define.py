"""Making an operation of a function."""

import inspect
import re
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, Unpack, get_args, get_type_hints

from coatcheck.domain.estimate import Estimate, parse_estimate
from coatcheck.errors import ConfigurationError
from coatcheck.operations.codec import result_schema
from coatcheck.operations.limits import Limits
from coatcheck.operations.operation import Operation
from coatcheck.operations.parameters import inspect_parameters
from coatcheck.operations.policy import Isolation, Policy

P = ParamSpec("P")
R = TypeVar("R")

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_PATH = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@-]+)+")


def define(function: Callable[P, Any], path: str, **policy: Unpack[Policy]) -> Operation[P, Any]:
    """An operation that runs `function` for each request to `path`.

    Raises ConfigurationError for whatever cannot work, before anything runs.
    """
    where = f"Operation {getattr(function, '__qualname__', function)!s}"
    _check_function(function, where)
    given: dict[str, Any] = {**policy}
    name, estimate = given.pop("name", None), given.pop("estimate", None)
    name = function.__name__ if name is None else name
    _require(_NAME.fullmatch(name), f"{where}: name={name!r}; give it a name= of 1 to 100 letters, digits and _ . -.")
    _require(_PATH.fullmatch(path), f"{where}: path={path!r}; write one like '/reports': no slash at the end, no parameters.")
    summary, description = _documentation(function, name)
    operation: Operation[P, Any] = Operation(
        function=function,
        name=name,
        path=path,
        parameters=inspect_parameters(function),
        returns=_returns(function, where),
        is_async=inspect.iscoroutinefunction(function),
        summary=summary,
        description=description,
        estimate=_estimate(estimate, where),
        **given,
    )
    _check_policy(operation, where)
    return operation


def _check_policy(operation: Operation[..., Any], where: str) -> None:
    _require(operation.isolation in get_args(Isolation), f"{where}: isolation={operation.isolation!r} can be 'thread' or 'process'.")
    _require(
        operation.isolation == "process" or operation.limits == Limits(),
        f"{where}: the kernel sets limits= to processes; write isolation='process', too.",
    )
    _require(
        operation.timeout is None or operation.timeout > 0,
        f"{where}: timeout={operation.timeout!r} must be above zero seconds, or None for no limit.",
    )
    _require(operation.retries >= 0, f"{where}: retries={operation.retries!r} must be 0 or more.")
    _require(operation.queue_bound >= 1, f"{where}: queue_bound={operation.queue_bound!r} must be 1 or more.")
    _require(operation.ttl > 0, f"{where}: ttl={operation.ttl!r} must be above zero seconds.")


def _check_function(function: Any, where: str) -> None:
    _require(inspect.isroutine(function), f"{where}: decorate a function (`def` or `async def`), not a {type(function).__name__}.")
    generator = inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
    _require(not generator, f"{where}: it yields, and one result is needed; return a list, or write a file and return its path.")


def _returns(function: Callable[..., Any], where: str) -> Any:
    returns = get_type_hints(function, include_extras=True).get("return")
    try:
        result_schema(returns)
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ConfigurationError(
            f"{where}: its results have no JSON form ({reason}). Return JSON types, msgspec.Struct, dataclasses, pydantic models, "
            "bytes, a Path or Content."
        ) from error
    return returns


def _estimate(estimate: str | Estimate | None, where: str) -> Estimate | None:
    if not isinstance(estimate, str):
        return estimate
    try:
        return parse_estimate(estimate)
    except ValueError as error:
        raise ConfigurationError(f"{where}: {error}") from None


def _documentation(function: Callable[..., Any], name: str) -> tuple[str, str]:
    summary, _, description = (inspect.getdoc(function) or "").partition("\n")
    return summary.strip() or re.sub(r"[_.-]+", " ", name).strip().capitalize() or name, description.strip()


def _require(condition: object, message: str) -> None:
    if not condition:
        raise ConfigurationError(message)
