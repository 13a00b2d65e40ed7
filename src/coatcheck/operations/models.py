"""Types that msgspec leaves to us.

Pydantic models, by what they can do: pydantic is welcome and never required. And `object`, which takes any JSON value, as
`Any` does.
"""

from typing import Any, cast

import msgspec


def is_model(type_: Any) -> bool:
    """Whether `type_` is a pydantic model."""
    return isinstance(type_, type) and hasattr(type_, "model_validate_json") and hasattr(type_, "model_json_schema")


def dump(value: Any) -> Any:
    """The hook for values that msgspec does not know, on their way out: as a client shall see them, aliases used."""
    return _dump(value, by_alias=True)


def keep(value: Any) -> Any:
    """The same on their way into the store: by field name, so that any alias can be read back."""
    return _dump(value, by_alias=False, round_trip=True)


def load(type_: Any, value: Any) -> Any:
    """The hook for types that msgspec does not know, on their way in from a client."""
    return value if type_ is object else _model(type_).model_validate_json(msgspec.json.encode(value))


def restore(type_: Any, value: Any) -> Any:
    """The same on their way out of the store."""
    return value if type_ is object else _model(type_).model_validate_json(msgspec.json.encode(value), by_alias=False, by_name=True)


def is_failed_validation(error: Any) -> bool:
    """Whether a pydantic model refused a value, rather than text that is no JSON."""
    return hasattr(error, "errors") and all(fault["type"] != "json_invalid" for fault in error.errors())


def _dump(value: Any, **options: Any) -> Any:
    if isinstance(value, msgspec.Raw):
        return msgspec.json.decode(value)
    if not is_model(type(value)):
        raise TypeError(f"Objects of type {type(value).__qualname__} have no JSON form.")
    return value.model_dump(mode="json", **options)


def _model(type_: Any) -> Any:
    if not is_model(type_):
        raise NotImplementedError
    return cast("Any", type_)
