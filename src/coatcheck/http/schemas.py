"""JSON Schemas that stand by themselves.

The host's OpenAPI document collects the components of the host's own models only, so ours are written out in place.
"""

from collections.abc import Collection
from typing import Any

from coatcheck.operations.codec import result_schema
from coatcheck.operations.lines import MEDIA_TYPE as LINES
from coatcheck.operations.operation import Operation
from coatcheck.wire.style import JSON_TYPES

Schema = dict[str, Any]
_TEMPLATE = "#/components/schemas/{name}"


def body_schema(operation: Operation[..., Any]) -> Schema:
    """What the operation takes as its request body."""
    return written_out(*operation.parameters.schema(_TEMPLATE))


def request_body(operation: Operation[..., Any], json_types: Collection[str] = JSON_TYPES) -> Schema:
    """OpenAPI's request body: in which media types the operation takes it."""
    parameters, schema = operation.parameters, body_schema(operation)
    if not parameters.files:
        named = [media_type for media_type in json_types if media_type and not media_type.endswith("+json")]
        return {"required": parameters.body_required, "content": {media_type: {"schema": schema} for media_type in named}}
    content = {"multipart/form-data": {"schema": schema}}
    if (name := parameters.sole_file) is not None:
        content[LINES if parameters.files[name].rows else "*/*"] = {"schema": schema["properties"][name]}
    return {"required": parameters.body_required, "content": content}


def result_schema_of(operation: Operation[..., Any]) -> Schema:
    """What the operation's function is declared to return."""
    return written_out(*result_schema(operation.returns, _TEMPLATE))


def written_out(schema: Schema, components: Schema) -> Schema:
    """`schema` with each reference replaced by what it refers to.

    A type that contains itself is written out once; inside itself it is named only.
    """
    written: Schema = _write_out(schema, components, ())
    return written


def _write_out(part: Any, components: Schema, around: tuple[str, ...]) -> Any:
    match part:
        case {"$ref": str() as reference}:
            beside = {key: value for key, value in part.items() if key != "$ref"}
            return _dereference(reference.rsplit("/", 1)[-1], beside, components, around)
        case dict():
            # A discriminator maps to components; written out, the alternatives are told apart by their own constants.
            return {key: _write_out(value, components, around) for key, value in part.items() if not _is_mapping(key, value)}
        case list():
            return [_write_out(item, components, around) for item in part]
        case _:
            return part


def _dereference(name: str, beside: Schema, components: Schema, around: tuple[str, ...]) -> Schema:
    if name in around:
        return {"description": f"Again a {name}, as described around it."}
    target = _write_out(components[name], components, (*around, name))
    return {**target, **_write_out(beside, components, around)}


def _is_mapping(key: str, value: Any) -> bool:
    return key == "discriminator" and isinstance(value, dict) and "mapping" in value
