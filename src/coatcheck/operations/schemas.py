"""JSON Schema of parameters and results (2020-12, as OpenAPI 3.1 has it)."""

from collections.abc import Callable
from typing import Any

import msgspec

from coatcheck.operations import models

DEFAULT_TEMPLATE = "#/components/schemas/{name}"

Schema = dict[str, Any]


def schema_of(type_: Any, ref_template: str = DEFAULT_TEMPLATE, *, mode: str = "validation") -> tuple[Schema, Schema]:
    """The schema of a type, and the components it refers to by `ref_template`.

    Pydantic models give theirs; `mode` is which one (`validation` for what comes in, `serialization` for what goes
    out). Raises TypeError, naming the type, where there is no JSON form.
    """
    components: Schema = {}
    hook = _schema_hook(components, ref_template, mode)
    (schema,), own = msgspec.json.schema_components([type_], schema_hook=hook, ref_template=ref_template)
    return schema, own | components


def _schema_hook(components: Schema, ref_template: str, mode: str) -> Callable[[type], Schema]:
    def of(type_: type) -> Schema:
        if type_ is object:
            return {"description": "Any JSON value."}  # msgspec takes an empty schema for none
        if not models.is_model(type_):
            raise NotImplementedError
        schema: Schema = type_.model_json_schema(ref_template=ref_template.replace("{name}", "{model}"), mode=mode)  # type: ignore[attr-defined]
        components.update(schema.pop("$defs", {}))
        return schema

    return of
