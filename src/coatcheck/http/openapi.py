"""The parts of which an OpenAPI 3.1 document describes our routes."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec

from coatcheck.domain.state import Status
from coatcheck.http.schemas import Schema, result_schema_of, written_out
from coatcheck.operations.operation import Operation
from coatcheck.wire.problems import MEDIA_TYPE
from coatcheck.wire.representation import Representation
from coatcheck.wire.style import HttpStyle

_TEMPLATE = "#/components/schemas/{name}"
_HEADERS: dict[str, tuple[str, Schema]] = {
    "Accept": ("The media types that are taken.", {"type": "string"}),
    "Accept-Encoding": ("The content encodings that are taken.", {"type": "string"}),
    "Allow": ("The methods this URL knows.", {"type": "string"}),
    "Content-Disposition": ("`attachment`, with the file's name.", {"type": "string"}),
    "Content-Range": ("Which bytes these are.", {"type": "string"}),
    "ETag": ("Version of what is sent; give it back in If-None-Match.", {"type": "string"}),
    "Idempotency-Replayed": ("`true` where the Idempotency-Key led to a job stored before.", {"type": "string"}),
    "Link": ('The status URL (`rel="status"`), or the next page (`rel="next"`).', {"type": "string"}),
    "Location": ("Where it is: of a job, its status URL.", {"type": "string", "format": "uri-reference"}),
    "Preference-Applied": ("Which of the request's preferences made a difference (RFC 7240).", {"type": "string"}),
    "RateLimit": ("How much of each limit is left, and for how many seconds (draft-ietf-httpapi-ratelimit-headers).", {"type": "string"}),
    "RateLimit-Policy": ("What the limits are.", {"type": "string"}),
    "Retry-After": ("Seconds until a next look makes sense; absent once the job has ended.", {"type": "integer", "minimum": 0}),
    "Vary": ("What in the request the answer depends on.", {"type": "string"}),
    "WWW-Authenticate": ("How to authenticate.", {"type": "string"}),
}
_STRING: Schema = {"type": "string"}
_LINK: Schema = {
    "title": "Link",
    "type": "object",
    "required": ["rel", "href", "method"],
    "properties": {"rel": _STRING, "href": _STRING, "method": _STRING},
}

PROBLEM: Schema = {
    "title": "Problem",
    "description": "A problem document (RFC 9457). `type` is the URL of a page about this kind of problem.",
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": _STRING,
        "status": {"type": "integer"},
        "detail": _STRING,
        "errors": {
            "description": "What is wrong, and where: a JSON Pointer (RFC 6901) into the body.",
            "type": "array",
            "items": {"type": "object", "required": ["pointer", "detail"], "properties": {"pointer": _STRING, "detail": _STRING}},
        },
    },
    "additionalProperties": True,
}


@cache
def shape(type_: Any, title: str | None = None) -> Schema:
    """The schema of one of our own shapes; every member is always there. One for all who ask: not to be changed."""
    (schema,), components = msgspec.json.schema_components([type_], ref_template=_TEMPLATE)
    schema = written_out(schema, {name: _with_all_members(component) for name, component in components.items()})
    return {**schema, "title": title or schema.get("title", "")}


def _with_all_members(schema: Schema) -> Schema:
    return {**schema, "required": list(schema["properties"])} if "properties" in schema else schema


def job(style: HttpStyle, operation: Operation[..., Any] | None = None) -> Schema:
    """The schema of a job's representation in a style, `result` as the operation declares it."""
    properties: Schema = dict(shape(Representation)["properties"])
    properties |= {"createdAt": {"type": "string", "format": "date-time"}, "error": _or_null(PROBLEM)}
    properties["status"] = {**properties["status"], "enum": list(dict.fromkeys(map(style.status, Status)))}
    if operation is not None and (declared := result_schema_of(operation)):
        properties["result"] = _or_null(declared)
    if style.error == "message":
        properties["error"] = _or_null(_STRING)
    if style.links == "array":
        properties["_links"] = {"type": "array", "items": _LINK}
    shown = {name: (member, schema) for member, schema in properties.items() for name in style.names(member)}
    required = [name for name, (member, schema) in shown.items() if not (style.omit_null and _nullable(member, schema))]
    return {
        "title": "Job" if operation is None else f"{in_words(operation.name)}Job",
        "description": shape(Representation).get("description", ""),
        "type": "object",
        "required": required,
        "properties": {name: schema for name, (_, schema) in shown.items()},
    }


def jobs(styles: Iterable[HttpStyle]) -> Schema:
    """The schema of a job in any of these styles."""
    schemas = [job(style) for style in styles]
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def in_words(name: str) -> str:
    """A name as the beginning of a shape's.

    >>> in_words("sales_report")
    'SalesReport'
    """
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"\W|_", name))


def _nullable(member: str, schema: Schema) -> bool:
    return member == "result" or {"type": "null"} in schema.get("anyOf", ())


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}], "default": None}


def page_of(items: Schema) -> Schema:
    """The schema of a list."""
    url = {"anyOf": [{"type": "string", "format": "uri-reference"}, {"type": "null"}], "description": "URL of the next page."}
    properties = {"items": {"type": "array", "items": items}, "next": url}
    return {"title": f"{items.get('title', '')}Page", "type": "object", "required": ["items", "next"], "properties": properties}


def answer(description: str, schema: Schema | None = None, *headers: str, media_type: str = "application/json") -> Schema:
    """One answer of a route, with the header fields that come along."""
    fragment: Schema = {"description": description}
    if schema is not None:
        fragment["content"] = {media_type: {"schema": schema}}
    if headers:
        fragment["headers"] = {name: {"description": _HEADERS[name][0], "schema": _HEADERS[name][1]} for name in headers}
    return fragment


def of_any_type(answer: Schema) -> Schema:
    """The answer, which can also be of any other media type."""
    return {**answer, "content": {**answer["content"], "*/*": {"schema": {}}}}


def problem(description: str, *headers: str) -> Schema:
    """An answer that is a problem document."""
    return answer(description, PROBLEM, *headers, media_type=MEDIA_TYPE)


def query(name: str, description: str, **schema: Any) -> Schema:
    """A query parameter."""
    return {"name": name, "in": "query", "description": description, "required": False, "schema": schema}


def header(name: str, description: str, *, required: bool = False, **schema: Any) -> Schema:
    """A request header field."""
    return {"name": name, "in": "header", "description": description, "required": required, "schema": _STRING | schema}


def path(name: str, description: str) -> Schema:
    """A parameter in the path."""
    return {"name": name, "in": "path", "description": description, "required": True, "schema": _STRING}
