"""The parts of which an OpenAPI 3.1 document describes our routes."""

from functools import cache
from typing import Any

import msgspec

from coatcheck.http.schemas import Schema, result_schema_of, written_out
from coatcheck.operations.operation import Operation
from coatcheck.wire.problems import MEDIA_TYPE
from coatcheck.wire.representation import Representation

_TEMPLATE = "#/components/schemas/{name}"
_HEADERS: dict[str, tuple[str, Schema]] = {
    "Allow": ("The methods this URL knows.", {"type": "string"}),
    "Content-Disposition": ("`attachment`, with the file's name.", {"type": "string"}),
    "Content-Range": ("Which bytes these are.", {"type": "string"}),
    "ETag": ("Version of what is sent; give it back in If-None-Match.", {"type": "string"}),
    "Idempotency-Replayed": ("`true` where the Idempotency-Key led to a job stored before.", {"type": "string"}),
    "Link": ('The status URL (`rel="status"`), or the next page (`rel="next"`).', {"type": "string"}),
    "Location": ("The job's status URL.", {"type": "string", "format": "uri-reference"}),
    "Retry-After": ("Seconds until a next look makes sense; absent once the job has ended.", {"type": "integer", "minimum": 0}),
    "WWW-Authenticate": ("How to authenticate.", {"type": "string"}),
}
_STRING: Schema = {"type": "string"}

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
def shape(type_: Any) -> Schema:
    """The schema of one of our own shapes; every member is always there. One for all who ask: not to be changed."""
    (schema,), components = msgspec.json.schema_components([type_], ref_template=_TEMPLATE)
    return written_out(schema, {name: _with_all_members(component) for name, component in components.items()})


def _with_all_members(schema: Schema) -> Schema:
    return {**schema, "required": list(schema["properties"])} if "properties" in schema else schema


def job(operation: Operation[..., Any] | None = None) -> Schema:
    """The schema of a job's representation, `result` as the operation declares it."""
    schema = shape(Representation)
    own = {"error": _or_null(PROBLEM)}
    if operation is not None and (declared := result_schema_of(operation)):
        own["result"] = _or_null(declared)
    return {**schema, "properties": {**schema["properties"], **own}}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}], "default": None}


def page_of(items: Schema) -> Schema:
    """The schema of a list."""
    url = {"anyOf": [{"type": "string", "format": "uri-reference"}, {"type": "null"}], "description": "URL of the next page."}
    properties = {"items": {"type": "array", "items": items}, "next": url}
    return {"title": "Page", "type": "object", "required": ["items", "next"], "properties": properties}


def answer(description: str, schema: Schema | None = None, *headers: str, media_type: str = "application/json") -> Schema:
    """One answer of a route, with the header fields that come along."""
    fragment: Schema = {"description": description}
    if schema is not None:
        fragment["content"] = {media_type: {"schema": schema}}
    if headers:
        fragment["headers"] = {name: {"description": _HEADERS[name][0], "schema": _HEADERS[name][1]} for name in headers}
    return fragment


def problem(description: str, *headers: str) -> Schema:
    """An answer that is a problem document."""
    return answer(description, PROBLEM, *headers, media_type=MEDIA_TYPE)


def query(name: str, description: str, **schema: Any) -> Schema:
    """A query parameter."""
    return {"name": name, "in": "query", "description": description, "required": False, "schema": schema}


def header(name: str, description: str, *, required: bool = False) -> Schema:
    """A request header field."""
    return {"name": name, "in": "header", "description": description, "required": required, "schema": _STRING}


def path(name: str, description: str) -> Schema:
    """A parameter in the path."""
    return {"name": name, "in": "path", "description": description, "required": True, "schema": _STRING}
