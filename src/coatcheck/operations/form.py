"""The fields and files of a form as arguments."""

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from coatcheck.errors import InvalidArguments, MalformedBody
from coatcheck.operations.codec import read, read_text
from coatcheck.operations.faults import Fault, pointer
from coatcheck.operations.files import FileParameter
from coatcheck.operations.lines import MEDIA_TYPE
from coatcheck.operations.schemas import Schema, schema_of
from coatcheck.operations.upload import Upload

BINARY: Schema = {"type": "string", "format": "binary"}
"""A file, as OpenAPI has it."""


class Field(NamedTuple):
    """A field as it came."""

    body: bytes
    is_json: bool = False
    """Whether it said that it is."""


@dataclass(frozen=True)
class FormField:
    """A parameter that a form has a field or a file for."""

    type: Any
    structured: bool
    """Whether its values are objects or arrays, and so JSON in a form's field."""
    several: bool
    """Whether they are arrays, for which there may also be a field for each member."""
    required: bool
    default: Any = None


def read_form(
    expected: Mapping[str, FormField],
    files: Mapping[str, FileParameter],
    fields: Mapping[str, Sequence[Field]],
    uploads: Mapping[str, list[Upload]],
) -> dict[str, Any]:
    """The arguments by name. Raises MalformedBody and InvalidArguments, which says all that is missing or too much."""
    _check_names(expected, files, fields, uploads)
    arguments = {}
    for name, field in expected.items():
        if given := uploads.get(name):
            arguments[name] = files[name].argument(given)
        elif name in fields or (field.required and name not in files):  # an array without members is no field at all
            arguments[name] = _value(name, field, fields.get(name, ()))
        else:
            arguments[name] = copy.deepcopy(field.default)
    return arguments


def form_schema(expected: Mapping[str, FormField], files: Mapping[str, FileParameter], ref_template: str) -> tuple[Schema, Schema]:
    """The form's JSON Schema, and the components it refers to."""
    properties: Schema = {}
    components: Schema = {}
    for name, field in expected.items():
        properties[name], found = _file_schema(files[name], ref_template) if name in files else schema_of(field.type, ref_template)
        components |= found
    required = [name for name, field in expected.items() if field.required]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}, components


def _file_schema(file: FileParameter, ref_template: str) -> tuple[Schema, Schema]:
    if not file.rows:
        return {"type": "array", "items": BINARY, "minItems": 1} if file.many else BINARY, {}
    row, components = schema_of(file.row if file.row is not Any else object, ref_template)
    return {"type": "string", "description": "JSON, a row a line.", "contentMediaType": MEDIA_TYPE, "contentSchema": row}, components


def _check_names(
    expected: Mapping[str, FormField], files: Mapping[str, FileParameter], fields: Iterable[str], uploads: Mapping[str, list[Upload]]
) -> None:
    given = {*fields, *uploads}
    faults: list[Fault] = [(pointer([name]), "There is no such field.") for name in sorted(given - set(expected))]
    needed = [name for name, field in expected.items() if field.required and (name in files or not field.several)]
    faults += [(pointer([name]), "A required field is missing.") for name in needed if name not in given]
    faults += [
        (pointer([name]), "One file is needed here, not several.")
        for name, several in uploads.items()
        if name in files and len(several) > 1 and not files[name].many
    ]
    if faults:
        place, detail = faults[0]
        raise InvalidArguments(f"{detail} (at {place})", faults=faults)


def _value(name: str, field: FormField, given: Sequence[Field]) -> Any:
    try:
        if len(given) != 1 or (field.several and not given[0].is_json and not given[0].body.lstrip().startswith(b"[")):
            return read_text([_text(each) for each in given], field.type)
        if field.structured or given[0].is_json:
            return read(given[0].body, field.type)
        return read_text(_text(given[0]), field.type)
    except MalformedBody as error:
        raise MalformedBody(f"The field {name!r}: {error.detail}") from None
    except InvalidArguments as error:
        faults = [(pointer([name]) + place, detail) for place, detail in error.faults]
        raise InvalidArguments(f"{faults[0][1]} (at {faults[0][0]})", faults=faults) from None


def _text(field: Field) -> str:
    try:
        return field.body.decode()
    except UnicodeDecodeError:
        raise MalformedBody("it is not UTF-8.") from None
