"""A function's annotations decide what a request may hold, and nothing is lost between request, store and run."""

import subprocess
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import fastapi
import msgspec
import pydantic
import pytest

from coatcheck.context import Job
from coatcheck.errors import ConfigurationError, InvalidArguments, MalformedBody
from coatcheck.operations.parameters import inspect_parameters
from tests.operations.shapes import Filters, Invoice, Line, Measure, Note, Order, Period, Point


def takes_order(order: Order, job: Job) -> None: ...
def takes_period(period: Period) -> None: ...
def takes_filters(filters: Filters) -> None: ...
def takes_point(point: Point) -> None: ...
def takes_rows(rows: list[Line]) -> None: ...
def takes_anything(data: dict[str, Any]) -> None: ...
def takes_object(data: dict[str, object]) -> None: ...
def takes_invoice(job: Job | None, invoice: Invoice) -> None: ...
def takes_measure(measure: Measure) -> None: ...
def takes_note(note: Note) -> None: ...
def takes_optional(order: Order | None = None) -> None: ...
def takes_two(a: int, b: str = "x") -> None: ...
def takes_text(text: str) -> None: ...
def takes_nothing(job: Annotated[Job, "the job"]) -> None: ...


@pytest.mark.parametrize(
    ("function", "body", "arguments"),
    [
        (takes_order, b'{"lines": [{"name": "a", "price": 1}]}', {"order": Order([Line("a", 1)])}),
        (takes_period, b'{"start": "2024-02-29"}', {"period": Period(date(2024, 2, 29))}),
        (takes_filters, b'{"country": "NZ"}', {"filters": {"country": "NZ"}}),
        (takes_point, b"[1, 2]", {"point": Point(1, 2)}),
        (takes_rows, b'[{"name": "a", "price": 1}]', {"rows": [Line("a", 1)]}),
        (takes_anything, b'{"a": [1, null]}', {"data": {"a": [1, None]}}),
        (takes_object, b'{"a": [1, {"b": null}]}', {"data": {"a": [1, {"b": None}]}}),
        (takes_invoice, b'{"no": 7, "items": [{"name": "a"}]}', {"invoice": Invoice.model_validate({"no": 7, "items": [{"name": "a"}]})}),
        (takes_optional, b"null", {"order": None}),
        (takes_optional, b"", {"order": None}),
        (takes_two, b'{"a": 1, "b": "y"}', {"a": 1, "b": "y"}),
        (takes_two, b'{"a": 1}', {"a": 1, "b": "x"}),
        (takes_text, b'{"text": "hello"}', {"text": "hello"}),
        (takes_nothing, b"{}", {}),
        (takes_nothing, b"", {}),
        (takes_nothing, b" \r\n", {}),
    ],
)
def test_a_body_becomes_arguments_and_comes_back_from_the_store_equal(
    function: Callable[..., Any], body: bytes, arguments: dict[str, Any]
) -> None:
    parameters = inspect_parameters(function)
    read = parameters.read_body(body)
    assert read == arguments
    stored = parameters.encode(read)
    assert msgspec.json.decode(stored).keys() == arguments.keys()
    assert parameters.decode(stored) == arguments


@pytest.mark.parametrize("function", [takes_order, takes_two, takes_text])
def test_an_empty_body_is_malformed_where_something_is_required(function: Callable[..., Any]) -> None:
    with pytest.raises(MalformedBody, match="empty"):
        inspect_parameters(function).read_body(b"  ")


@pytest.mark.parametrize(
    ("function", "body", "pointer"),
    [
        (takes_order, b'{"lines": [{"name": "a", "price": "1"}]}', "/lines/0/price"),
        (takes_order, b'{"lines": [{"name": "a"}]}', "/lines/0/price"),
        (takes_order, b'{"lines": [], "prices": {"a/b": "x"}}', "/prices"),
        (takes_order, b'{"lines": [], "due": "2024-13-01"}', "/due"),
        (takes_order, b"[]", ""),
        (takes_rows, b'[{"name": "a", "price": 1}, 2]', "/1"),
        (takes_two, b'{"a": 1, "c": 2}', "/c"),
        (takes_two, b'{"b": "x"}', "/a"),
        (takes_two, b'"a"', ""),
        (takes_nothing, b'{"job": 1}', "/job"),
        (takes_text, b'{"text": 1}', "/text"),
        (takes_invoice, b'{"no": 1, "items": [{}]}', "/items/0/name"),
    ],
)
def test_a_fault_is_pointed_at(function: Callable[..., Any], body: bytes, pointer: str) -> None:
    with pytest.raises(InvalidArguments) as caught:
        inspect_parameters(function).read_body(body)
    assert caught.value.faults[0][0] == pointer
    assert caught.value.faults[0][1]


def test_a_pydantic_model_tells_all_its_faults() -> None:
    with pytest.raises(InvalidArguments) as caught:
        inspect_parameters(takes_invoice).read_body(b'{"no": "x", "items": [{"name": 1}, {"name": "a", "amount": "b"}]}')
    assert [pointer for pointer, _ in caught.value.faults] == ["/no", "/items/0/name", "/items/1/amount"]


def test_models_inside_other_types_are_validated_with_the_whole_path() -> None:
    def takes_invoices(invoices: list[Invoice]) -> None: ...

    parameters = inspect_parameters(takes_invoices)
    read = parameters.read_body(b'[{"no": 1, "items": [{"name": "a", "amount": "0.10"}]}]')
    assert parameters.decode(parameters.encode(read)) == read
    assert read["invoices"][0].items[0].amount == Decimal("0.10")
    with pytest.raises(InvalidArguments) as caught:
        parameters.read_body(b'[{"no": 1}, {"no": 1, "items": [{}]}]')
    assert [pointer for pointer, _ in caught.value.faults] == ["/1/items/0/name"]


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' * 900 + b"1" + b"}" * 900,
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        b'{"\xff": 1}',
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": 1',
        b'{"a": 1} x',
        b"{'a': 1}",
        b'{"a": "line\nbreak"}',
        b'{"a": 01}',
        b"\x00",
        "{}".encode("utf-16"),
    ],
    ids=lambda body: repr(body[:12]),
)
@pytest.mark.parametrize("function", [takes_anything, takes_invoice], ids=["msgspec", "pydantic"])
def test_what_is_no_json_is_malformed(function: Callable[..., Any], body: bytes) -> None:
    """F57: hostile bytes get an answer of their own, never an unforeseen error."""
    with pytest.raises(MalformedBody):
        inspect_parameters(function).read_body(body)


@pytest.mark.parametrize("function", [takes_anything, takes_two, takes_order, takes_rows, takes_text])
@pytest.mark.parametrize(
    "body", [b"9" * 5_000, b'{"a": ' + b"9" * 5_000 + b"}", b"[1e999]", b'{"a": -1e999}'], ids=lambda body: repr(body[:9])
)
def test_numbers_beyond_measure_are_refused(function: Callable[..., Any], body: bytes) -> None:
    """F57: a number of 5,000 digits is one that Python itself will not read."""
    with pytest.raises((MalformedBody, InvalidArguments)):
        inspect_parameters(function).read_body(body)


@pytest.mark.parametrize(
    "text", [rb"\ud800", rb"\udc00", rb"\udfffx", rb"\uD834\u0041", rb"a\u0000b", rb"\\\u0000", rb"\ud83d\ud83d\ude00"]
)
@pytest.mark.parametrize("function", [takes_anything, takes_note, takes_text], ids=["msgspec", "pydantic", "member"])
def test_text_that_stores_cannot_all_keep_is_refused(function: Callable[..., Any], text: bytes) -> None:
    with pytest.raises(InvalidArguments, match="cannot be kept"):
        inspect_parameters(function).read_body(b'{"text": "%s"}' % text)


@pytest.mark.parametrize("text", [rb"\\u0000", rb"\\ud800", rb"\ud83d\ude00", rb"\\\\u0000", rb"\uD83D\uDE00"])
def test_text_that_only_looks_so_is_kept(text: bytes) -> None:
    parameters = inspect_parameters(takes_text)
    read = parameters.read_body(b'{"text": "%s"}' % text)
    assert parameters.decode(parameters.encode(read)) == read


def test_a_model_is_as_strict_as_any_type_about_numbers_that_are_none() -> None:
    """Pydantic alone would take NaN for a float."""
    with pytest.raises(MalformedBody):
        inspect_parameters(takes_measure).read_body(b'{"value": NaN}')


def test_the_last_of_two_equal_members_counts() -> None:
    assert inspect_parameters(takes_two).read_body(b'{"a": 1, "a": 2}')["a"] == 2


def test_depth_has_a_fixed_limit_that_brackets_in_text_do_not_count_for() -> None:
    parameters = inspect_parameters(takes_anything)
    assert parameters.read_body(b'{"a":' * 128 + b"1" + b"}" * 128)
    with pytest.raises(MalformedBody, match="128"):
        parameters.read_body(b'{"a":' * 129 + b"1" + b"}" * 129)
    assert parameters.read_body(b'{"a": "%s", "b": "\\"["}' % (b"[" * 1000))
    assert parameters.read_body(b'{"a": [%s{}]}' % (b"[]," * 1000))
    with pytest.raises(MalformedBody, match="128"):
        parameters.read_body(rb'{"]\\": "\"]\\\"]", "a": %s}' % (b"[" * 128 + b"]" * 128))


def test_a_call_in_code_is_converted_and_validated_like_a_request() -> None:
    parameters = inspect_parameters(takes_order)
    assert parameters.bind(({"lines": [{"name": "a", "price": 1}]},), {}) == {"order": Order([Line("a", 1)])}
    assert inspect_parameters(takes_two).bind((1,), {}) == {"a": 1, "b": "x"}
    with pytest.raises(InvalidArguments, match="price"):
        parameters.bind(({"lines": [{"name": "a", "price": "1"}]},), {})
    with pytest.raises(InvalidArguments, match="missing a required argument: 'a'"):
        inspect_parameters(takes_two).bind((), {})
    with pytest.raises(InvalidArguments, match="got an unexpected keyword argument 'job'"):
        parameters.bind((Order([]),), {"job": 1})
    with pytest.raises(InvalidArguments, match="type object have no JSON form"):
        inspect_parameters(takes_anything).bind(({"a": object()},), {})
    with pytest.raises(InvalidArguments, match="nan"):
        inspect_parameters(takes_anything).bind(({"a": float("nan")},), {})


def test_a_mutable_default_is_made_anew_for_each_request() -> None:
    def takes_tags(name: str, tags: list[str] = ["a"]) -> None: ...  # noqa: B006

    parameters = inspect_parameters(takes_tags)
    first = parameters.read_body(b'{"name": "x"}')
    first["tags"].append("b")
    assert parameters.read_body(b'{"name": "x"}')["tags"] == ["a"]

    def takes_only_tags(tags: list[str] = []) -> None: ...  # noqa: B006

    parameters = inspect_parameters(takes_only_tags)
    parameters.read_body(b"")["tags"].append("b")
    assert parameters.read_body(b"")["tags"] == []


def test_a_stored_request_that_no_longer_fits_is_refused() -> None:
    """A release that takes other arguments says so instead of running with half of them."""
    stored = inspect_parameters(takes_two).encode({"a": 1, "b": "x"})
    with pytest.raises(InvalidArguments, match="no such member"):
        inspect_parameters(takes_text).decode(stored)
    with pytest.raises(InvalidArguments):
        inspect_parameters(takes_text).decode(b"{")


def test_the_job_is_found_wherever_it_stands() -> None:
    assert [inspect_parameters(function).job for function in (takes_order, takes_invoice, takes_nothing, takes_two)] == [
        "job",
        "job",
        "job",
        None,
    ]


def user_id() -> int:
    return 7


def test_what_the_host_resolves_is_stored_and_never_read_from_the_body() -> None:
    def report(
        order: Order,
        job: Job,
        trace: Annotated[str, fastapi.Header()],
        user: int = fastapi.Depends(user_id),
        page: int = fastapi.Query(1),
    ) -> None: ...

    parameters = inspect_parameters(report)
    assert parameters.dependencies == ("trace", "user", "page")
    read = parameters.read_body(b'{"lines": []}')
    assert read == {"order": Order([])}
    stored = parameters.encode(read | {"trace": "t", "user": 7, "page": 1})
    assert parameters.decode(stored) == {"order": Order([]), "trace": "t", "user": 7, "page": 1}
    with pytest.raises(InvalidArguments):
        parameters.decode(parameters.encode(read))


class Connection: ...


class Login(pydantic.BaseModel):
    password: pydantic.SecretStr


def refused_args(*rows: int) -> None: ...
def refused_kwargs(**options: int) -> None: ...
def refused_positional(a: int, /) -> None: ...
def refused_bare(a) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001
def refused_type(a: Connection) -> None: ...
def refused_dependency(a: Annotated[Connection, fastapi.Depends(user_id)]) -> None: ...
def refused_body_marker(a: Annotated[Order, fastapi.Body()]) -> None: ...
def refused_default(a: int = None) -> None: ...  # type: ignore[assignment]  # noqa: RUF013
def refused_two_jobs(a: Job, b: Job) -> None: ...
def refused_secret(a: Login) -> None: ...
def refused_unresolved(a: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (refused_args, r"'rows': a request has no arguments without a name; name each"),
        (refused_kwargs, r"'options': .* take one `dict\[str, Any\]`"),
        (refused_positional, r"'a': arguments are passed by name; remove the `/`"),
        (refused_bare, r"'a': it has no annotation"),
        (refused_type, r"'a': its type has no JSON form.*Connection.*; use JSON types"),
        (refused_dependency, r"'a': its type has no JSON form.*; let the dependency return what is to be stored"),
        (refused_body_marker, r"'a': Body\(\) would read the body a second time; leave the marker out"),
        (refused_default, r"'a': its default None is not of its type"),
        (refused_two_jobs, r"'b': there is a parameter for the job already; keep 'a' alone"),
        (refused_secret, r"'a': it holds a secret"),
        (refused_unresolved, r"cannot be resolved \(name 'Nowhere' is not defined\)"),
    ],
)
def test_a_parameter_that_no_request_can_fill_is_refused_at_registration(function: Callable[..., Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        inspect_parameters(function)


def test_the_schema_is_that_of_the_body() -> None:
    schema, components = inspect_parameters(takes_order).schema("#/x/{name}")
    assert schema == {"$ref": "#/x/Order"}
    assert components.keys() == {"Order", "Line"}
    assert components["Order"]["properties"]["lines"]["items"] == {"$ref": "#/x/Line"}


def test_the_schema_of_several_parameters_has_a_member_for_each() -> None:
    assert inspect_parameters(takes_two).schema() == (
        {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "string", "default": "x"}},
            "required": ["a"],
            "additionalProperties": False,
        },
        {},
    )


def test_object_takes_any_json_value_as_any_does() -> None:
    (schema, _), (plain, _) = (inspect_parameters(function).schema() for function in (takes_object, takes_anything))
    assert schema == {**plain, "additionalProperties": {"description": "Any JSON value."}}


@pytest.mark.parametrize(
    ("function", "required"), [(takes_order, True), (takes_two, True), (takes_optional, False), (takes_nothing, False)]
)
def test_a_body_is_required_where_something_has_no_default(function: Callable[..., Any], required: bool) -> None:  # noqa: FBT001
    assert inspect_parameters(function).body_required is required


def test_a_user_type_may_have_the_name_of_our_wrapper() -> None:
    Body = msgspec.defstruct("Body", [("x", int)])  # noqa: N806

    def takes_body(a: int, body: Body) -> None: ...  # type: ignore[valid-type]

    schema, components = inspect_parameters(takes_body).schema()
    assert schema["properties"].keys() == {"a", "body"}
    assert len(components) == 1


def test_the_schema_of_a_pydantic_model_refers_to_components() -> None:
    schema, components = inspect_parameters(takes_invoice).schema()
    assert schema["properties"]["items"]["items"] == {"$ref": "#/components/schemas/Item"}
    assert "no" in schema["properties"]
    assert components.keys() == {"Item"}


def takes_tags(tags: set[str], note: str = "") -> None: ...


def test_an_idempotency_key_is_bound_to_the_arguments_and_not_to_the_order_they_came_in() -> None:
    """A set is stored in an order that another process would not choose again."""
    parameters = inspect_parameters(takes_tags)
    many = [f"tag {number}" for number in range(50)]
    there, back = ({"tags": set(tags), "note": ""} for tags in (many, reversed(many)))
    assert parameters.fingerprint(there) == parameters.fingerprint(back)
    assert parameters.fingerprint(there) != parameters.fingerprint({"tags": set(many[1:]), "note": ""})


def test_the_fingerprint_of_a_set_is_the_same_in_every_process() -> None:
    code = (
        "from coatcheck.operations.parameters import inspect_parameters\n"
        "def takes(tags: set[str]) -> None: ...\n"
        "print(inspect_parameters(takes).fingerprint({'tags': {f'tag {n}' for n in range(50)}}).hex())\n"
    )
    told = {
        subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, check=True, capture_output=True).stdout
        for seed in ("1", "2", "3")
    }
    assert len(told) == 1
