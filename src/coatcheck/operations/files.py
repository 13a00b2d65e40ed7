"""Which parameters take files, and the arguments for them: `Upload` and `Lines` in the function's hands, references in the store."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from msgspec.structs import replace

from coatcheck.operations.lines import Lines
from coatcheck.operations.upload import Reference, Upload


@dataclass(frozen=True)
class FileParameter:
    """A parameter that takes a file, or with `many` a list of them; `rows` says that it is NDJSON, `row` of what."""

    many: bool = False
    optional: bool = False
    rows: bool = False
    row: Any = Any

    @property
    def stored(self) -> Any:
        """The type of what is stored."""
        plain: Any = list[Reference] if self.many else Reference
        return plain | None if self.optional else plain

    def argument(self, uploads: list[Upload]) -> Any:
        """The argument that these uploads make."""
        if self.many:
            return uploads
        return Lines[Any](uploads[0], self.row) if self.rows else uploads[0]

    def restored(self, stored: Any) -> Any:
        """The argument of which `stored` was kept."""
        if stored is None:
            return None
        return self.argument([Upload(reference) for reference in (stored if self.many else [stored])])


def file_parameter(annotation: Any) -> FileParameter | None:
    """What a parameter of this type takes of files; None where that is nothing."""
    origin, members = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return file_parameter(members[0])
    if origin in (Union, UnionType) and NoneType in members and len(members) == 2:
        found = file_parameter(next(member for member in members if member is not NoneType))
        return None if found is None or found.many else FileParameter(optional=True, rows=found.rows, row=found.row)
    if annotation is Upload or annotation is Lines:
        return FileParameter(rows=annotation is Lines)
    if origin is Lines:
        return FileParameter(rows=True, row=members[0])
    return FileParameter(many=True) if origin is list and members == (Upload,) else None


def uploads_in(argument: Any) -> Iterator[Upload]:
    """The uploads that an argument for such a parameter holds."""
    match argument:
        case Upload():
            yield argument
        case Lines():
            yield argument.upload
        case list() | tuple():
            for member in argument:
                yield from uploads_in(member)


def referred(arguments: Mapping[str, Any], files: Mapping[str, FileParameter], *, keys: bool = True) -> dict[str, Any]:
    """The arguments with references in the place of uploads; without `keys` they say what the files are, and not where."""
    return {name: _reference(value, keys=keys) if name in files else value for name, value in arguments.items()}


def _reference(argument: Any, *, keys: bool) -> Any:
    match argument:
        case Upload():
            return argument.reference if keys else replace(argument.reference, key="")
        case Lines():
            return _reference(argument.upload, keys=keys)
        case list() | tuple():
            return [_reference(member, keys=keys) for member in argument]
        case _:
            return argument
