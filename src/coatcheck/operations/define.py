"""Making an operation of a function."""

import inspect
import re
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, Unpack, get_args, get_type_hints

from coatcheck.domain.estimate import Estimate, parse_estimate
from coatcheck.domain.rate import Rate, parse_rate
from coatcheck.errors import ConfigurationError
from coatcheck.operations.codec import result_schema
from coatcheck.operations.limits import Limits
from coatcheck.operations.operation import Operation
from coatcheck.operations.parameters import WEBHOOK_URL, inspect_parameters
from coatcheck.operations.policy import Isolation, Policy
from coatcheck.wire.prefer import MAX_WAIT

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
    name, estimate, rate = given.pop("name", None), given.pop("estimate", None), given.pop("rate", None)
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
        is_async=inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function),
        summary=summary,
        description=description,
        estimate=_estimate(estimate, where),
        rate=_rate(rate, where),
        **given,
    )
    _check_policy(operation, where)
    _check_losable(operation, where)
    _require(
        not operation.webhooks or WEBHOOK_URL not in operation.parameters.members,
        f"{where}: with webhooks=True the body's member {WEBHOOK_URL!r} is the framework's; give yours another name.",
    )
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
    _require((operation.max_upload or 0) >= 0, f"{where}: max_upload={operation.max_upload!r} must be a number of bytes, or 0: no limit.")
    _require(0 <= operation.sync_window <= MAX_WAIT, f"{where}: sync_window={operation.sync_window!r} can be 0 to {MAX_WAIT} seconds.")
    _require(
        operation.style is None or not operation.style.segments,
        f"{where}: the parts of URLs are the whole application's: give segments= to Coatcheck(style=…) instead.",
    )
    _require(
        operation.max_in_flight is None or operation.max_in_flight >= 1,
        f"{where}: max_in_flight={operation.max_in_flight!r} must be 1 or more, or None for no bound.",
    )
    _require(operation.ttl > 0, f"{where}: ttl={operation.ttl!r} must be above zero seconds.")


def _check_losable(operation: Operation[..., Any], where: str) -> None:
    if operation.durable:
        _require(not operation.losable, f"{where}: losable= says why requests may be lost; write durable=False, too, or leave it out.")
        return
    _require(operation.losable.strip(), f"{where}: with durable=False, say in losable='…' why it does no harm if a request is lost.")
    _require(operation.isolation == "thread", f"{where}: durable=False runs in the process that accepts; leave isolation='process' out.")
    for name, given in (
        ("retries", operation.retries),
        ("max_in_flight", operation.max_in_flight),
        ("sync_window", operation.sync_window),
        ("idempotency_key_required", operation.idempotency_key_required),
        ("webhooks", operation.webhooks),
    ):
        _require(not given, f"{where}: with durable=False there is no job, so {name}= means nothing; leave it out.")
    _require(not operation.parameters.files, f"{where}: files are kept for jobs, and durable=False has none; take them with a durable one.")


def _check_function(function: Any, where: str) -> None:
    _require(inspect.isroutine(function), f"{where}: decorate a function (`def` or `async def`), not a {type(function).__name__}.")


def _returns(function: Callable[..., Any], where: str) -> Any:
    returns = get_type_hints(function, include_extras=True).get("return")
    try:
        result_schema(returns)
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ConfigurationError(
            f"{where}: its results have no JSON form ({reason}). Return JSON types, msgspec.Struct, dataclasses, pydantic models, "
            "bytes, a Path or Content; or yield rows."
        ) from error
    return returns


def _estimate(estimate: str | Estimate | None, where: str) -> Estimate | None:
    if not isinstance(estimate, str):
        return estimate
    try:
        return parse_estimate(estimate)
    except ValueError as error:
        raise ConfigurationError(f"{where}: {error}") from None


def _rate(rate: str | Rate | None, where: str) -> Rate | None:
    if not isinstance(rate, str):
        return rate
    try:
        return parse_rate(rate)
    except ValueError as error:
        raise ConfigurationError(f"{where}: rate={error}") from None


def _documentation(function: Callable[..., Any], name: str) -> tuple[str, str]:
    summary, _, description = (inspect.getdoc(function) or "").partition("\n")
    return summary.strip() or re.sub(r"[_.-]+", " ", name).strip().capitalize() or name, description.strip()


def _require(condition: object, message: str) -> None:
    if not condition:
        raise ConfigurationError(message)
