"""How a request becomes a function's arguments, and back from the store."""

import copy
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from coatcheck.errors import InvalidArguments, MalformedBody, NotSerialisable
from coatcheck.operations.codec import encode_arguments, fingerprint, read, read_arguments
from coatcheck.operations.files import FileParameter, referred, uploads_in
from coatcheck.operations.form import Field, FormField, form_schema, read_form
from coatcheck.operations.schemas import DEFAULT_TEMPLATE, Schema, schema_of
from coatcheck.operations.signature import Signature, read_signature
from coatcheck.operations.upload import Upload

WEBHOOK_URL = "webhookUrl"
"""Member of a JSON object that is the framework's own, where an operation has `webhooks=True`."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of one operation's function.

    A single parameter of an object or array type takes the whole body; otherwise the body is a JSON object with a
    member for each parameter. Where one takes a file, the body is a form, or the file itself if there is no other parameter.
    The stored form always has a member for each.
    """

    job: str | None
    """The parameter that receives the `Job`."""
    dependencies: tuple[str, ...]
    """Parameters that the host resolves when a job is submitted, such as FastAPI's `Depends`."""
    files: Mapping[str, FileParameter]
    """Parameters that take files."""
    body_required: bool
    """Whether a request without a body is refused."""
    _signature: inspect.Signature
    _whole: str | None
    """The parameter that takes the whole body."""
    _body: Any
    """Type of the body."""
    _fields: Mapping[str, FormField]
    """What the body gives, by name."""
    _stored: type[msgspec.Struct]
    """All arguments by name."""

    def read_body(self, body: bytes) -> dict[str, Any]:
        """The arguments in a request's body, by name, without the job and the dependencies.

        Raises MalformedBody and InvalidArguments.
        """
        if not body.strip(b" \t\r\n"):
            if self.body_required:
                raise MalformedBody("The body is empty; this operation takes a JSON body.")
            if self._whole is not None:
                return {self._whole: copy.deepcopy(self._signature.parameters[self._whole].default)}
            body = b"{}"
        value = read(body, self._body)
        return {self._whole: value} if self._whole is not None else _by_name(value)

    @property
    def names(self) -> Collection[str]:
        """Parameters that the request's body gives."""
        return self._fields.keys()

    @property
    def members(self) -> Collection[str]:
        """Members that a JSON object in the body can have; nothing where it is none, or can have any."""
        schema, components = self.schema("{name}")
        properties: Mapping[str, Any] = components.get(schema.get("$ref", ""), schema).get("properties", {})
        return properties.keys()

    @property
    def sole_file(self) -> str | None:
        """The one parameter whose file the whole body may be."""
        return next((name for name, file in self.files.items() if len(self._fields) == 1 and not file.many), None)

    def read_form(self, fields: Mapping[str, Sequence[Field]], uploads: Mapping[str, list[Upload]]) -> dict[str, Any]:
        """The arguments in a form's fields and files, likewise. Raises MalformedBody and InvalidArguments."""
        return read_form(self._fields, self.files, fields, uploads)

    def uploads(self, arguments: Mapping[str, Any]) -> list[Upload]:
        """The files among the arguments."""
        return [upload for name in self.files for upload in uploads_in(arguments.get(name))]

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments of a call in code, by name, converted and validated as a request's would be.

        The job is left out of the call, dependencies are given. Raises InvalidArguments.
        """
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise InvalidArguments(f"The call does not fit the operation: {error}.") from None
        files = {name: value for name, value in bound.arguments.items() if name in self.files}
        return self.decode(self.encode(bound.arguments)) | files

    def encode(self, arguments: Mapping[str, Any]) -> bytes:
        """Arguments by name as they are stored: one JSON object. Raises InvalidArguments."""
        try:
            return encode_arguments(referred(arguments, self.files))
        except NotSerialisable as error:
            raise InvalidArguments(error.detail) from error

    def fingerprint(self, arguments: Mapping[str, Any]) -> bytes:
        """What an idempotency key is bound to: equal for equal arguments, files by what they are. Raises InvalidArguments."""
        try:
            return fingerprint(referred(arguments, self.files, keys=False))
        except NotSerialisable as error:
            raise InvalidArguments(error.detail) from error

    def decode(self, stored: bytes) -> dict[str, Any]:
        """What `encode` wrote, for the function. Raises InvalidArguments where it no longer fits."""
        arguments = _by_name(read_arguments(stored, self._stored))
        return arguments | {name: file.restored(arguments[name]) for name, file in self.files.items()}

    def schema(self, ref_template: str = DEFAULT_TEMPLATE) -> tuple[Schema, Schema]:
        """The body's JSON Schema, and the components it refers to."""
        if self.files:
            return form_schema(self._fields, self.files, ref_template)
        schema, components = schema_of(self._body, ref_template)
        if self._whole is None:  # our own wrapper, named after the function, is nobody's component
            schema = components.pop(next(name for name in components if ref_template.format(name=name) == schema["$ref"]))
            del schema["title"]
        return schema, components


def inspect_parameters(function: Callable[..., Any]) -> Parameters:
    """Read a function's parameters from its annotations.

    Raises ConfigurationError, saying which parameter, why, and what to write instead.
    """
    signature = read_signature(function)
    return Parameters(
        job=signature.job,
        dependencies=signature.dependencies,
        files=signature.files,
        body_required=any(signature.call.parameters[name].default is inspect.Parameter.empty for name in signature.body),
        _signature=signature.call,
        _whole=signature.whole,
        _body=_body_type(signature),
        _fields={name: signature.field(name) for name in signature.body},
        _stored=signature.struct("Stored", (*signature.body, *signature.dependencies)),
    )


def _body_type(signature: Signature) -> Any:
    if signature.whole is not None:
        return signature.types[signature.whole]
    return signature.struct("Body", signature.body)


def _by_name(struct: msgspec.Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(struct)
