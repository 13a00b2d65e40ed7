"""JSON in and out: requests, stored arguments, results. Always strict (`coatcheck.wire.strict`)."""

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from coatcheck.errors import InvalidArguments, InvalidRequest, MalformedBody, NotSerialisable
from coatcheck.operations import models
from coatcheck.operations.content import is_file
from coatcheck.operations.faults import faults_of
from coatcheck.operations.schemas import DEFAULT_TEMPLATE, Schema, schema_of
from coatcheck.wire import strict
from coatcheck.wire.strict import MAX_DEPTH, too_deep, unstorable

_WHOLE_REFUSED = "Expected `int`, got `float`"
_EXACT = 2**53
"""Up to here a float is the number that was written."""


def encode_result(value: Any) -> bytes:
    """`value` as strict JSON. Takes what msgspec takes, and pydantic models anywhere inside.

    Raises NotSerialisable, naming the type or what is wrong with the value.
    """
    return _encode(value, models.dump)


def encode_arguments(arguments: Mapping[str, Any]) -> bytes:
    """Arguments by name as they are stored. Raises NotSerialisable."""
    return _encode(arguments, models.keep)


def fingerprint(arguments: Mapping[str, Any]) -> bytes:
    """A digest that is equal for equal arguments, and for no others. Raises NotSerialisable."""
    return hashlib.sha256(_encode(arguments, models.keep, canonical=True)).digest()


def decode_result(body: bytes, type: Any = None) -> Any:
    """What `encode_result` wrote, as a `type`, or as plain JSON values where that is None or files.

    Raises ValueError when the body does not fit the type.
    """
    if type is None or is_file(type):
        return msgspec.json.decode(body)
    return msgspec.json.decode(body, type=type, dec_hook=models.load)


def result_schema(type: Any, ref_template: str = DEFAULT_TEMPLATE) -> tuple[Schema, Schema]:
    """The schema of a declared result, and the components it refers to; empty where none is declared or it is a file.

    Raises TypeError, naming the type, where there is no JSON form.
    """
    if type is None or type is object or is_file(type):
        return {}, {}
    return schema_of(type, ref_template, mode="serialization")


def read(body: bytes, type: Any) -> Any:
    """A request's body as a `type`. Raises MalformedBody or InvalidArguments; nothing else, whatever the bytes."""
    return _read(partial(_decode, type), body)


def reader(type: Any) -> Callable[[bytes], Any]:
    """`read` for many bodies of one type: dearer to make, cheaper to use."""
    return partial(_read, partial(_decode, type) if models.is_model(type) else msgspec.json.Decoder(type, dec_hook=models.load).decode)


def read_text(text: str | list[str], type: Any) -> Any:
    """A form's field, or several of one name, as a `type`: numbers, booleans and the like are read from their text.

    Raises InvalidArguments.
    """
    try:
        return msgspec.convert(text, type, strict=False, dec_hook=models.load)
    except (ValueError, msgspec.MsgspecError) as error:
        raise _invalid(error) from error


def read_arguments(body: bytes, type: Any) -> Any:
    """Stored arguments as a `type`. Raises InvalidArguments."""
    try:
        return msgspec.json.decode(body, type=type, dec_hook=models.restore)
    except (ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise _invalid(error) from error


def _encode(value: Any, hook: Callable[[Any], Any], *, canonical: bool = False) -> bytes:
    try:
        encoded = strict.encode(value, hook, canonical=canonical)
        msgspec.json.decode(encoded)
    except MemoryError:  # which says nothing of the value
        raise
    except RecursionError:
        raise NotSerialisable(f"{_name(value)} contains itself, or is nested too deeply for JSON.") from None
    except UnicodeEncodeError:
        raise NotSerialisable(f"{_name(value)} contains a lone surrogate, which is no text: decode it before returning it.") from None
    except Exception as error:
        raise NotSerialisable(f"{_name(value)} cannot be written as JSON: {error}") from error
    if reason := unstorable(encoded):
        raise NotSerialisable(f"{_name(value)} contains {reason}; stores cannot all keep that.")
    return encoded


def _read(decode: Callable[[bytes], Any], body: bytes) -> Any:
    try:
        value = _decoded(decode, body)
    except (ValueError, RecursionError) as error:
        raise _refusal(body, error) from error
    if too_deep(body):
        raise MalformedBody(f"The body is nested deeper than {MAX_DEPTH} levels.")
    if reason := unstorable(body):
        raise _unkeepable(reason)
    return value


def _decoded(decode: Callable[[bytes], Any], body: bytes) -> Any:
    try:
        return decode(body)
    except msgspec.ValidationError as error:
        if _WHOLE_REFUSED not in str(error):
            raise
        return decode(msgspec.json.encode(_with_integers(msgspec.json.decode(body))))


def _with_integers(value: Any) -> Any:
    """7.0 as 7: to JSON Schema an integer is any number with a zero fractional part (2020-12, Validation §6.1.1)."""
    match value:
        case float() if value.is_integer() and abs(value) <= _EXACT:
            return int(value)
        case dict():
            return {name: _with_integers(member) for name, member in value.items()}
        case list():
            return [_with_integers(member) for member in value]
        case _:
            return value


def _decode(type: Any, body: bytes) -> Any:
    if models.is_model(type):
        _check_well_formed(body)  # strict about NaN and infinities, which pydantic lets pass
        return type.model_validate_json(body)
    return msgspec.json.decode(body, type=type, dec_hook=models.load)


def _check_well_formed(body: bytes) -> None:
    msgspec.json.decode(body, type=msgspec.Raw)


def _refusal(body: bytes, error: Exception) -> InvalidRequest:
    """What a client is told: that it is no JSON before what is wrong with it, wherever the decoder stopped first."""
    try:
        _check_well_formed(body)
    except (ValueError, RecursionError) as malformed:
        error = malformed
    if isinstance(error, msgspec.ValidationError) or models.is_failed_validation(error):
        return _invalid(error)
    if reason := unstorable(body):
        return _unkeepable(reason)
    return MalformedBody(f"The body is not well-formed JSON: {error}.")


def _invalid(error: Exception) -> InvalidArguments:
    faults = faults_of(error)
    pointer, detail = faults[0]
    return InvalidArguments(f"{detail} (at {pointer})" if pointer else detail, faults=faults)


def _unkeepable(reason: str) -> InvalidArguments:
    detail = f"The body contains {reason}, which cannot be kept."
    return InvalidArguments(detail, faults=[("", detail)])


def _name(value: Any) -> str:
    return f"A value of type {type(value).__qualname__}"
