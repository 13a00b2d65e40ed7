"""Results are strict JSON or a clear failure."""

import enum
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coatcheck.errors import InvalidArguments, NotSerialisable
from coatcheck.operations.codec import decode_result, encode_result, read, result_schema
from coatcheck.operations.content import Content
from tests.operations.shapes import Invoice, Item, Line, Order, Period, Point

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(_TEXT, inner),
)


@given(_JSON)
def test_any_json_value_comes_back_equal(value: Any) -> None:
    assert decode_result(encode_result(value)) == value


@given(st.text())
def test_text_is_kept_or_refused_and_never_changed(value: str) -> None:
    try:
        encoded = encode_result([value])
    except NotSerialisable:
        assert "\0" in value or any("\ud800" <= character <= "\udfff" for character in value)
    else:
        assert decode_result(encoded) == [value]


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        (Order([Line("a", 1)]), Order),
        (Period(datetime(2024, 1, 1, tzinfo=UTC).date()), Period),
        ([Point(1, 2)], list[Point]),
        ({"a": uuid.UUID(int=7)}, dict[str, uuid.UUID]),
        (datetime(2024, 1, 1, tzinfo=UTC), datetime),
        (Colour.RED, Colour),
        ({1, 2}, set[int]),
        (2**70, int),
        (None, None),
        ([Item(name="a")], list[Item]),
    ],
)
def test_typed_results_come_back_typed(value: Any, type_: Any) -> None:
    assert decode_result(encode_result(value), type_) == value


def test_a_client_sees_a_models_aliases() -> None:
    assert encode_result(Invoice.model_validate({"no": 7})) == b'{"invoiceNumber":7,"items":[]}'


class Connection: ...


class Measured(pydantic.BaseModel):
    value: float


class Odd(pydantic.BaseModel):
    @pydantic.computed_field  # type: ignore[prop-decorator]
    @property
    def value(self) -> int:
        raise RuntimeError("no value")


def _cycle() -> list[Any]:
    cycle: list[Any] = []
    cycle.append(cycle)
    return cycle


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "type float cannot be written as JSON: nan is no JSON number"),
        ({"a": [None, float("inf")]}, "inf is no JSON number"),
        ((float("-inf"),), "-inf is no JSON number"),
        (Measured(value=float("nan")), "nan is no JSON number"),
        ({"rows": [Measured(value=float("inf"))]}, "inf is no JSON number"),
        (_cycle(), "contains itself"),
        ("\ud800", "lone surrogate"),
        ({"\udfff": 1}, "lone surrogate"),
        ("a\0b", r"U\+0000"),
        ({"\0": 1}, r"U\+0000"),
        ({"a": Connection()}, "Objects of type Connection have no JSON form"),
        ({(1, 2): 3}, "type dict cannot be written as JSON"),
        (10**5000, "type int cannot be written as JSON"),
        (msgspec.Raw(b"NaN"), "type Raw cannot be written as JSON"),
        (msgspec.Raw(b'"\\ud800"'), "type Raw cannot be written as JSON"),
        (Odd(), "no value"),
    ],
    ids=lambda case: type(case).__name__,
)
def test_what_has_no_strict_json_form_is_refused_by_name(value: Any, message: str) -> None:
    """F54: NaN, cycles, lone surrogates and U+0000 fail in the same way whatever the store."""
    with pytest.raises(NotSerialisable, match=message):
        encode_result(value)


def test_a_raw_value_with_null_in_it_is_json_like_any_other() -> None:
    assert encode_result({"a": msgspec.Raw(b"[null]")}) == b'{"a":[null]}'


def test_a_stored_result_that_does_not_fit_the_type_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="Expected `int`"):
        decode_result(b'"a"', int)
    with pytest.raises(ValueError, match="name"):
        decode_result(b"{}", Item)


def test_the_schema_of_a_result() -> None:
    assert result_schema(Line)[1]["Line"]["required"] == ["name", "price"]
    assert result_schema(type(None)) == ({"type": "null"}, {})
    assert result_schema(list[object]) == ({"type": "array", "items": {"description": "Any JSON value."}}, {})
    schema, components = result_schema(Invoice)
    assert "invoiceNumber" in schema["properties"]
    assert components.keys() == {"Item"}


@pytest.mark.parametrize("type_", [None, object, bytes, Path, Content, Path | None, bytes | dict[str, int]])
def test_files_and_undeclared_results_have_no_schema(type_: Any) -> None:
    assert result_schema(type_) == ({}, {})


def test_a_result_type_without_json_form_has_none() -> None:
    with pytest.raises(TypeError, match="Connection"):
        result_schema(list[Connection])


class Counted(msgspec.Struct):
    """A request with a whole number in it."""

    count: int
    factor: float = 1.0
    beside: object = None


def test_a_number_with_a_zero_fraction_is_an_integer() -> None:
    """To JSON Schema 7.0 is one, and some clients' languages know no other numbers."""
    assert read(b'{"count": 7.0, "factor": 2.0, "beside": [1.5, 3.0]}', Counted) == Counted(7, 2.0, [1.5, 3])
    assert isinstance(read(b'{"count": 7.0}', Counted).count, int)


@pytest.mark.parametrize("count", ["7.5", "1e300", "9007199254740994.0"])
def test_any_other_float_is_none(count: str) -> None:
    with pytest.raises(InvalidArguments, match="/count"):
        read(f'{{"count": {count}}}'.encode(), Counted)
