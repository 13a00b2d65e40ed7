"""Making an operation of a function."""

import inspect
import re
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, get_args, get_type_hints

from coatcheck.domain.estimate import Estimate, parse_estimate
from coatcheck.domain.retry import Backoff
from coatcheck.errors import ConfigurationError
from coatcheck.operations.codec import result_schema
from coatcheck.operations.limits import Limits
from coatcheck.operations.operation import Isolation, Operation
from coatcheck.operations.parameters import inspect_parameters

P = ParamSpec("P")
R = TypeVar("R")

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_PATH = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@-]+)+")


def define(  # noqa: PLR0913  the policy of an operation
    function: Callable[P, Any],
    path: str,
    *,
    name: str | None = None,
    isolation: Isolation = "thread",
    limits: Limits = Limits(),  # noqa: B008  frozen
    timeout: float | None = 3600.0,
    retries: int = 0,
    backoff: Backoff = Backoff(),  # noqa: B008  frozen
    queue_bound: int = 1000,
    ttl: float = 86400.0,
    estimate: str | Estimate | None = None,
    idempotency_key_required: bool = False,
) -> Operation[P, Any]:
    """An operation that runs `function` for each request to `path`.

    `isolation` says where it runs and `limits` what it may take there (`process` only).
    `timeout` is in seconds for one attempt, None for no limit; `retries` counts further attempts after failures;
    `queue_bound` is how many jobs may wait; `ttl` is in seconds after a job ended; `estimate` says how long a run
    usually takes, as in `"2-3 minutes"`. Raises ConfigurationError for whatever cannot work, before anything runs.
    """
    where = f"Operation {getattr(function, '__qualname__', function)!s}"
    _check_function(function, where)
    name = function.__name__ if name is None else name
    _require(_NAME.fullmatch(name), f"{where}: name={name!r}; give it a name= of 1 to 100 letters, digits and _ . -.")
    _require(_PATH.fullmatch(path), f"{where}: path={path!r}; write one like '/reports': no slash at the end, no parameters.")
    _require(isolation in get_args(Isolation), f"{where}: isolation={isolation!r} can be 'thread' or 'process'.")
    _require(
        isolation == "process" or limits == Limits(), f"{where}: the kernel sets limits= to processes; write isolation='process', too."
    )
    _require(timeout is None or timeout > 0, f"{where}: timeout={timeout!r} must be above zero seconds, or None for no limit.")
    _require(retries >= 0, f"{where}: retries={retries!r} must be 0 or more.")
    _require(queue_bound >= 1, f"{where}: queue_bound={queue_bound!r} must be 1 or more.")
    _require(ttl > 0, f"{where}: ttl={ttl!r} must be above zero seconds.")
    summary, description = _documentation(function, name)
    return Operation(
        function=function,
        name=name,
        path=path,
        parameters=inspect_parameters(function),
        returns=_returns(function, where),
        is_async=inspect.iscoroutinefunction(function),
        isolation=isolation,
        limits=limits,
        summary=summary,
        description=description,
        timeout=timeout,
        retries=retries,
        backoff=backoff,
        queue_bound=queue_bound,
        ttl=ttl,
        estimate=_estimate(estimate, where),
        idempotency_key_required=idempotency_key_required,
    )


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
