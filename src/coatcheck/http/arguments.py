"""A request's body as an operation's arguments."""

import asyncio
from collections.abc import Collection
from fnmatch import fnmatchcase
from typing import Any

from starlette.requests import Request

from coatcheck.errors import InvalidArguments, InvalidParameter, MalformedBody, PayloadTooLarge, UnsupportedMediaType
from coatcheck.http.arrival import Arrival
from coatcheck.http.body import media_type, pieces, read_body
from coatcheck.http.callback import taken_out
from coatcheck.http.multipart import Part, parts
from coatcheck.http.wiring import Wiring
from coatcheck.operations.content import OCTET_STREAM, is_media_type
from coatcheck.operations.faults import pointer
from coatcheck.operations.files import FileParameter
from coatcheck.operations.form import Field
from coatcheck.operations.lines import LINE_TYPES
from coatcheck.operations.operation import Operation
from coatcheck.operations.upload import Upload
from coatcheck.wire.disposition import bare_name, parse_disposition
from coatcheck.wire.style import JSON_TYPES

_FORM = "multipart/form-data"


async def read_arguments(
    wiring: Wiring, request: Request, operation: Operation[..., Any], *, json_types: Collection[str] = JSON_TYPES
) -> tuple[dict[str, Any], str | None]:
    """The arguments by name, and the `webhookUrl` in a JSON body; files are durable blobs by then.

    Where this raises, nothing is left of them. Raises what is wrong with the request (`coatcheck.errors.InvalidRequest`), and
    StoreUnavailable.
    """
    settings, parameters = wiring.settings, operation.parameters
    if not parameters.files:
        body = await read_body(request, settings.max_body, patience=settings.body_timeout, json_types=json_types)
        body, webhook_url = taken_out(body, operation)
        return parameters.read_body(body), webhook_url
    files = _Files(wiring, request, operation)
    try:
        if media_type(request) == _FORM:
            return await files.read_form(), None
        return await files.read_whole(), None
    except BaseException:
        await files.discard()
        raise


class _Files:
    """The files of one request."""

    def __init__(self, wiring: Wiring, request: Request, operation: Operation[..., Any]) -> None:
        self._blobs, self._settings, self._request = wiring.blobs, wiring.settings, request
        self._parameters = operation.parameters
        self._limit = wiring.settings.max_upload if operation.max_upload is None else operation.max_upload
        self._coming: Arrival | None = None
        self._fields: dict[str, list[Field]] = {}
        self._field_bytes = 0
        self._uploads: dict[str, list[Upload]] = {}

    async def read_whole(self) -> dict[str, Any]:
        """The arguments where the body is the file."""
        name = self._parameters.sole_file
        if name is None:
            raise UnsupportedMediaType(f"This operation takes files and fields; send a form as {_FORM}.", headers={"Accept": _FORM})
        file = self._parameters.files[name]
        _check_media_type(self._request, file)
        arrival = self._begin(file, self._request.headers.get("content-type"), _announced_name(self._request))
        async for piece in self._pieces():
            await arrival.add(piece)
        if arrival.size:
            self._uploads[name] = [await arrival.finish()]
        elif not file.optional:
            raise MalformedBody("The body is empty; this operation takes a file.")
        return self._parameters.read_form({}, self._uploads)

    async def read_form(self) -> dict[str, Any]:
        """The arguments in a form."""
        name, gathered = "", bytearray()
        part: Part | None = None
        async for found in parts(self._pieces(), self._request.headers["content-type"]):
            match found:
                case Part():
                    part, gathered = found, bytearray()
                    name = self._parameter_of(part)
                    if file := self._parameters.files.get(name):
                        self._begin(file, part.media_type, part.filename or None)
                case bytes() if self._coming is not None:
                    await self._coming.add(found)
                case bytes():
                    gathered += found
                    self._count(len(found))
                case _:
                    assert part is not None
                    await self._end(name, part, bytes(gathered))
        return self._parameters.read_form(self._fields, self._uploads)

    async def discard(self) -> None:
        """Remove what has been written."""
        if self._coming is not None:
            await self._coming.discard()
        if keys := [upload.reference.key for uploads in self._uploads.values() for upload in uploads]:
            await asyncio.to_thread(self._blobs.delete, keys)

    def _pieces(self) -> Any:
        return pieces(self._request, self._limit, patience=self._settings.body_timeout)

    def _begin(self, file: FileParameter, content_type: str | None, filename: str | None) -> Arrival:
        try:
            name = None if filename is None else bare_name(filename)
        except ValueError as error:
            raise InvalidParameter(f"The file's name cannot be taken: {error}") from None
        kind = (content_type or OCTET_STREAM).strip()
        if not is_media_type(kind):
            raise InvalidParameter(f"Content-Type {kind[:100]!r} is none; write it like `text/csv`.")
        self._coming = Arrival(self._blobs, file, media_type=kind, filename=name)
        return self._coming

    def _parameter_of(self, part: Part) -> str:
        """The parameter that a part is for; a single file may have any name."""
        sole = self._parameters.sole_file
        name = sole if sole is not None and part.filename is not None else part.name
        if name not in self._parameters.names:
            raise InvalidArguments(f"There is no field {name[:100]!r}.", faults=[(pointer([name[:100]]), "There is no such field.")])
        return name

    async def _end(self, name: str, part: Part, gathered: bytes) -> None:
        if self._coming is None:
            said = (part.media_type or "").partition(";")[0].strip().lower()
            is_json = any(fnmatchcase(said, pattern) for pattern in JSON_TYPES if pattern)
            self._fields.setdefault(name, []).append(Field(gathered, is_json))
        elif self._coming.size or part.filename != "":  # browsers send an empty part where no file was chosen
            self._uploads.setdefault(name, []).append(await self._coming.finish())
        self._coming = None

    def _count(self, size: int) -> None:
        self._field_bytes += size
        if self._field_bytes > self._settings.max_body:
            raise PayloadTooLarge(f"The form's fields are larger than the {self._settings.max_body} bytes that are accepted here.")


def _check_media_type(request: Request, file: FileParameter) -> None:
    if file.rows and media_type(request) not in ("", *LINE_TYPES):
        what = f"The body is {media_type(request)[:100]!r}; send lines of JSON as {LINE_TYPES[0]}, or a form with one file."
        raise UnsupportedMediaType(what, headers={"Accept": ", ".join((*LINE_TYPES, _FORM))})


def _announced_name(request: Request) -> str | None:
    """RFC 6266: the extended name before the plain one, which is UTF-8 or else Latin-1, as clients send it."""
    parameters = parse_disposition(request.headers.get("content-disposition", ""))[1]
    name = parameters.get("filename*") or parameters.get("filename")
    if not name:
        return None
    try:
        return name.encode("latin-1").decode()
    except (UnicodeEncodeError, UnicodeDecodeError):
        return name
