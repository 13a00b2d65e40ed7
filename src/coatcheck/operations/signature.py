"""What a function's signature says: which parameter is the job, which the host resolves, which the request gives."""

import copy
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, NoReturn, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import inspect as shapes

from coatcheck.context import Job
from coatcheck.errors import ConfigurationError, NotSerialisable
from coatcheck.operations import models
from coatcheck.operations.codec import decode_result, encode_result
from coatcheck.operations.files import FileParameter, file_parameter
from coatcheck.operations.form import FormField
from coatcheck.operations.schemas import schema_of

_REQUIRED = inspect.Parameter.empty
_ARRAYS = (
    shapes.ListType,
    shapes.TupleType,
    shapes.VarTupleType,
    shapes.SetType,
    shapes.FrozenSetType,
    shapes.CollectionType,
)
_SHAPES = (shapes.StructType, shapes.DataclassType, shapes.TypedDictType, shapes.NamedTupleType, shapes.DictType, *_ARRAYS)
_PLAIN = (type(None), bool, int, float, str)
_HOST = "fastapi.params"
_HOST_BODIES = {"Body", "Form", "File"}


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A function's parameters, sorted by where their arguments come from."""

    call: inspect.Signature
    """The signature as a caller in code sees it: without the job."""
    types: dict[str, Any]
    """What is stored for each."""
    files: Mapping[str, FileParameter]
    """Those of the body's parameters that take files."""
    job: str | None
    dependencies: tuple[str, ...]
    body: tuple[str, ...]
    whole: str | None
    """The one parameter that takes the whole body."""

    def struct(self, name: str, parameters: Iterable[str]) -> type[msgspec.Struct]:
        """A type with a member for each of these parameters, and no others."""
        fields: list[tuple[str, Any, Any]] = []
        for parameter in parameters:
            required = parameter in self.dependencies or self.call.parameters[parameter].default is _REQUIRED
            default = msgspec.NODEFAULT if required else self.call.parameters[parameter].default
            fields.append((parameter, self.types[parameter], _field(default)))
        return msgspec.defstruct(name, fields, kw_only=True, forbid_unknown_fields=True)

    def field(self, name: str) -> FormField:
        """The parameter as a form's field."""
        default = self.call.parameters[name].default
        required = default is _REQUIRED
        return FormField(
            type=self.types[name],
            structured=_takes_whole_body(self.types[name]),
            several=_is_array(self.types[name]),
            required=required,
            default=None if required else default,
        )


def read_signature(function: Callable[..., Any]) -> Signature:
    """Sort a function's parameters. Raises ConfigurationError for one that no request can fill."""
    where = f"Operation {getattr(function, '__qualname__', function)!s}"
    hints = _hints(function, where)
    call = inspect.signature(function)
    jobs = [name for name in call.parameters if _is_job(hints.get(name))]
    if len(jobs) > 1:
        _refuse(where, jobs[1], "there is a parameter for the job already", f"keep {jobs[0]!r} alone")
    call = call.replace(parameters=[parameter for name, parameter in call.parameters.items() if name not in jobs])
    dependencies = tuple(name for name, parameter in call.parameters.items() if _is_dependency(where, parameter, hints.get(name)))
    body = tuple(name for name in call.parameters if name not in dependencies)
    files = {name: found for name in body if (found := file_parameter(hints.get(name)))}
    hints |= {name: found.stored for name, found in files.items()}
    for name, parameter in call.parameters.items():
        _check(where, parameter, hints, dependency=name in dependencies)
    whole = body[0] if len(body) == 1 and not files and _takes_whole_body(hints[body[0]]) else None
    job = jobs[0] if jobs else None
    return Signature(call=call, types=hints, files=files, job=job, dependencies=dependencies, body=body, whole=whole)


def _hints(function: Callable[..., Any], where: str) -> dict[str, Any]:
    try:
        return get_type_hints(function, include_extras=True)
    except Exception as error:
        raise ConfigurationError(
            f"{where}: its annotations cannot be resolved ({error}). Import the types at the top of the module, not under TYPE_CHECKING."
        ) from error


def _check(where: str, parameter: inspect.Parameter, hints: dict[str, Any], *, dependency: bool) -> None:
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        _refuse(where, parameter.name, "a request has no arguments without a name", "name each parameter, or take one `dict[str, Any]`")
    if parameter.kind is parameter.POSITIONAL_ONLY:
        _refuse(where, parameter.name, "arguments are passed by name", "remove the `/` after it")
    if parameter.name not in hints:
        _refuse(where, parameter.name, "it has no annotation, so no request can be checked", f"write `{parameter.name}: str`, for example")
    _check_type(where, parameter.name, hints[parameter.name], dependency=dependency)
    if not dependency and parameter.default is not _REQUIRED:
        _check_default(where, parameter, hints[parameter.name])


def _check_type(where: str, name: str, annotation: Any, *, dependency: bool) -> None:
    try:
        schema = schema_of(annotation)
    except (TypeError, ValueError, RuntimeError) as error:
        way_out = (
            "let the dependency return what is to be stored (an id, a struct), and open resources in the worker"
            if dependency
            else "use JSON types, msgspec.Struct, dataclasses or pydantic models; files are parameters of their own"
        )
        _refuse(where, name, f"its type has no JSON form, and arguments are stored ({_first_line(error)})", way_out)
    if _has_secret(schema):
        _refuse(where, name, "it holds a secret that pydantic does not write out", "pass a reference to the secret: arguments are stored")


def _check_default(where: str, parameter: inspect.Parameter, annotation: Any) -> None:
    try:
        decode_result(encode_result(parameter.default), annotation)
    except (NotSerialisable, ValueError) as error:
        _refuse(where, parameter.name, f"its default {parameter.default!r} is not of its type ({error})", "change one of the two")


def _field(default: Any) -> Any:
    if default is msgspec.NODEFAULT:
        return msgspec.field()
    if isinstance(default, _PLAIN):
        return msgspec.field(default=default)
    return msgspec.field(default_factory=lambda: copy.deepcopy(default))


def _is_job(annotation: Any) -> bool:
    return any(member is Job for member in _members(annotation))


def _is_dependency(where: str, parameter: inspect.Parameter, annotation: Any) -> bool:
    for marker in (parameter.default, *getattr(annotation, "__metadata__", ())):
        ancestry = [ancestor for ancestor in type(marker).__mro__ if ancestor.__module__ == _HOST]
        if any(ancestor.__name__ in _HOST_BODIES for ancestor in ancestry):
            why = f"{type(marker).__name__}() would read the body a second time"
            _refuse(where, parameter.name, why, "leave the marker out: plain parameters are read from the body")
        if ancestry:
            return True
    return False


def _takes_whole_body(annotation: Any) -> bool:
    members = [member for member in _members(annotation) if member is not type(None)]
    return all(models.is_model(member) or isinstance(shapes.type_info(member), _SHAPES) for member in members)


def _is_array(annotation: Any) -> bool:
    members = [member for member in _members(annotation) if member is not type(None)]
    return all(not models.is_model(member) and isinstance(shapes.type_info(member), _ARRAYS) for member in members)


def _members(annotation: Any) -> Iterator[Any]:
    """The alternatives of a type: itself, or a union's members, without `Annotated`."""
    if get_origin(annotation) is Annotated:
        yield from _members(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for member in get_args(annotation):
            yield from _members(member)
    else:
        yield annotation


def _has_secret(schema: Any) -> bool:
    match schema:
        case dict():
            return schema.get("writeOnly") is True or any(map(_has_secret, schema.values()))
        case list() | tuple():
            return any(map(_has_secret, schema))
        case _:
            return False


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _refuse(where: str, parameter: str, why: str, instead: str) -> NoReturn:
    raise ConfigurationError(f"{where}, parameter {parameter!r}: {why}; {instead}.")
