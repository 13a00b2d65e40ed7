"""`multipart/form-data` (RFC 7578), read as it arrives."""

from collections.abc import AsyncIterator
from typing import NamedTuple

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError

from coatcheck.errors import MalformedBody, PayloadTooLarge
from coatcheck.wire.disposition import parse_disposition

MAX_PARTS = 100
"""Fields and files that a form may have."""
MAX_HEADERS, MAX_HEADER = 16, 8 * 1024
"""Header fields that a part may have, and bytes of each."""


class Part(NamedTuple):
    """The beginning of a field or file."""

    name: str
    filename: str | None
    media_type: str | None


class End(NamedTuple):
    """The end of the part that began last."""


Found = Part | bytes | End


async def parts(body: AsyncIterator[bytes], content_type: str) -> AsyncIterator[Found]:
    """What a form holds, in order: each part's beginning, its bytes in pieces, its end.

    Raises MalformedBody, and PayloadTooLarge for too many parts.
    """
    reader = _Reader(_boundary(content_type))
    async for piece in body:
        for found in reader.read(piece):
            yield found
    if not reader.complete:
        raise MalformedBody("The form breaks off: its closing boundary is missing.")


class _Reader:
    """Gathers what the parser calls back."""

    def __init__(self, boundary: str) -> None:
        self.complete = False
        self._found: list[Found] = []
        self._parts = 0
        self._headers: dict[str, str] = {}
        self._name = self._value = b""
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._add_name,
                "on_header_value": self._add_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": lambda data, start, end: self._found.append(data[start:end]),
                "on_part_end": lambda: self._found.append(End()),
                "on_end": self._end,
            },
            max_header_count=MAX_HEADERS,
            max_header_size=MAX_HEADER,
        )

    def read(self, piece: bytes) -> list[Found]:
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise MalformedBody(f"The body is no well-formed form: {error}.") from None
        found, self._found = self._found, []
        return found

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise PayloadTooLarge(f"The form has more than {MAX_PARTS} parts.")
        self._headers = {}

    def _add_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        try:
            self._headers[self._name.decode("ascii").lower()] = self._value.decode()
        except UnicodeDecodeError:
            raise MalformedBody("A part's header is not UTF-8.") from None
        self._name = self._value = b""

    def _end_headers(self) -> None:
        kind, parameters = parse_disposition(self._headers.get("content-disposition", ""))
        if kind != "form-data" or not parameters.get("name"):
            raise MalformedBody("A part has no name: it needs `Content-Disposition: form-data; name=…`.")
        self._found.append(Part(parameters["name"], parameters.get("filename"), self._headers.get("content-type")))

    def _end(self) -> None:
        self.complete = True


def _boundary(content_type: str) -> str:
    boundary = parse_disposition(content_type.replace("/", "_", 1))[1].get("boundary", "")  # the parameters are written alike
    if not (0 < len(boundary) <= 70 and boundary.isascii()):
        raise MalformedBody("The form's Content-Type has no boundary.")
    return boundary
