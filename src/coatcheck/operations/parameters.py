"""How a request becomes a function's arguments, and back from the store."""

import copy
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from coatcheck.errors import InvalidArguments, MalformedBody, NotSerialisable
from coatcheck.operations.codec import encode_arguments, fingerprint, read, read_arguments
from coatcheck.operations.schemas import DEFAULT_TEMPLATE, Schema, schema_of
from coatcheck.operations.signature import Signature, read_signature


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of one operation's function.

    A single parameter of an object or array type takes the whole body; otherwise the body is a JSON object with a
    member for each parameter. The stored form always has a member for each.
    """

    job: str | None
    """The parameter that receives the `Job`."""
    dependencies: tuple[str, ...]
    """Parameters that the host resolves when a job is submitted, such as FastAPI's `Depends`."""
    body_required: bool
    """Whether a request without a body is refused."""
    _signature: inspect.Signature
    _whole: str | None
    """The parameter that takes the whole body."""
    _body: Any
    """Type of the body."""
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

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments of a call in code, by name, converted and validated as a request's would be.

        The job is left out of the call, dependencies are given. Raises InvalidArguments.
        """
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise InvalidArguments(f"The call does not fit the operation: {error}.") from None
        return self.decode(self.encode(bound.arguments))

    def encode(self, arguments: Mapping[str, Any]) -> bytes:
        """Arguments by name as they are stored: one JSON object. Raises InvalidArguments."""
        try:
            return encode_arguments(arguments)
        except NotSerialisable as error:
            raise InvalidArguments(error.detail) from error

    def fingerprint(self, arguments: Mapping[str, Any]) -> bytes:
        """What an idempotency key is bound to: equal for equal arguments. Raises InvalidArguments."""
        try:
            return fingerprint(arguments)
        except NotSerialisable as error:
            raise InvalidArguments(error.detail) from error

    def decode(self, stored: bytes) -> dict[str, Any]:
        """What `encode` wrote, for the function. Raises InvalidArguments where it no longer fits."""
        return _by_name(read_arguments(stored, self._stored))

    def schema(self, ref_template: str = DEFAULT_TEMPLATE) -> tuple[Schema, Schema]:
        """The body's JSON Schema, and the components it refers to."""
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
        body_required=any(signature.call.parameters[name].default is inspect.Parameter.empty for name in signature.body),
        _signature=signature.call,
        _whole=signature.whole,
        _body=_body_type(signature),
        _stored=signature.struct("Stored", (*signature.body, *signature.dependencies)),
    )


def _body_type(signature: Signature) -> Any:
    if signature.whole is not None:
        return signature.types[signature.whole]
    return signature.struct("Body", signature.body)


def _by_name(struct: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}
