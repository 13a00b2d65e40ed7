"""What a request carries: JSON, the bytes of a file, or a form with files. Files are read while they are sent, anew each time."""

import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

import anyio
import msgspec

from coatcheck.client.media import media_type_of
from coatcheck.wire import strict
from coatcheck.wire.disposition import format_disposition

File = str | os.PathLike[str]

_PIECE = 64 * 1024


class Beside(TypedDict, total=False):
    """Keyword arguments for what a request carries instead of `json`, or beside it."""

    content: bytes | os.PathLike[str]
    """The body itself, or the file that it is read from."""
    content_type: str
    """Media type of `content`; default: by the file's name, else `application/octet-stream`."""
    filename: str
    """What `content` is called; default: the file's name; empty for no name."""
    files: Mapping[str, File | Sequence[File]]
    """Files of a form, by field. `json` is an object then, each member a field."""


class Body:
    """Bytes, and files that are read while they are sent.

    Raises OSError where a file cannot be had.
    """

    def __init__(self, *parts: bytes | Path, headers: Mapping[str, str]) -> None:
        self._parts = parts
        length = sum(len(part) if isinstance(part, bytes) else _size(part) for part in parts)
        self.headers = {"Content-Length": str(length), **headers}

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            if isinstance(part, bytes):
                yield part
                continue
            with part.open("rb") as file:
                while piece := file.read(_PIECE):
                    yield piece

    async def pieces(self) -> AsyncIterator[bytes]:
        """The same, without blocking an event loop."""
        for part in self._parts:
            if isinstance(part, bytes):
                yield part
                continue
            async with await anyio.open_file(part, "rb") as file:
                while piece := await file.read(_PIECE):
                    yield piece


def body_of(
    json: Any = msgspec.UNSET,
    content: bytes | os.PathLike[str] | None = None,
    content_type: str | None = None,
    filename: str | None = None,
    files: Mapping[str, File | Sequence[File]] | None = None,
) -> Body | None:
    """The body for these; None where there is nothing.

    Raises TypeError for what does not go together or has no JSON form, OSError where a file cannot be had.
    """
    if content is not None and (json is not msgspec.UNSET or files is not None):
        raise TypeError("Give the body as content, or as json and files, not both.")
    if content is None and (content_type is not None or filename is not None):
        raise TypeError("content_type and filename are those of content; json and files have theirs.")
    if files is not None:
        return _form({} if json is msgspec.UNSET else json, files)
    if content is not None:
        return _content(content if isinstance(content, bytes) else Path(content), content_type, filename)
    if json is not msgspec.UNSET:
        return Body(encoded(json), headers={"Content-Type": "application/json"})
    return None


def encoded(json: Any) -> bytes:
    """A value as strict JSON. Raises TypeError or ValueError for what is none."""
    return strict.encode(json, _plain)


def _content(content: bytes | Path, media_type: str | None, filename: str | None) -> Body:
    if filename is None:
        filename = content.name if isinstance(content, Path) else ""
    called = {"Content-Disposition": format_disposition("", filename) or ""} if filename else {}
    return Body(content, headers={"Content-Type": media_type or media_type_of(filename), **called})


def _form(fields: Any, files: Mapping[str, File | Sequence[File]]) -> Body:
    """`multipart/form-data` (RFC 7578), each field as JSON."""
    members = msgspec.json.decode(encoded(fields))
    if not isinstance(members, dict):
        raise TypeError("json beside files is an object: each member is a field of the form.")
    boundary = os.urandom(16).hex()
    parts: list[bytes | Path] = []
    for name, value in members.items():
        parts += [_head(boundary, name, "application/json"), msgspec.json.encode(value), b"\r\n"]
    for name, given in files.items():
        for path in map(Path, [given] if isinstance(given, str | os.PathLike) else given):
            parts += [_head(boundary, name, media_type_of(path.name), path.name), path, b"\r\n"]
    return Body(*parts, f"--{boundary}--\r\n".encode(), headers={"Content-Type": f"multipart/form-data; boundary={boundary}"})


def _head(boundary: str, name: str, media_type: str, filename: str | None = None) -> bytes:
    called = "" if filename is None else f"; filename={_quoted(filename)}"
    return f"--{boundary}\r\nContent-Disposition: form-data; name={_quoted(name)}{called}\r\nContent-Type: {media_type}\r\n\r\n".encode()


def _quoted(name: str) -> str:
    if not name.isprintable():
        raise ValueError(f"{name!r} has characters that the name of a field or file cannot.")
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _size(path: Path) -> int:
    if not path.is_file():
        path.open("rb").close()  # says why
        raise TypeError(f"{path} is no regular file, and so may not be there when it is sent a second time.")
    return path.stat().st_size


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):  # a pydantic model
        return value.model_dump(mode="json", by_alias=True)
    raise TypeError(f"Objects of type {type(value).__qualname__} have no JSON form.")
