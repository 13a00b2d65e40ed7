"""Results that are not JSON."""

import mimetypes
import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Iterator
from os import PathLike
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Self, Union, get_args, get_origin

from coatcheck.domain.created import Created

_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(\s*;\s*[\w!#$&^.+-]+=(\"[ !#-~]*\"|[\w!#$&^.+:-]+))*", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f/\\]")

_ROWS = (Iterator, Iterable, Generator, AsyncIterator, AsyncIterable, AsyncGenerator)

Body = bytes | bytearray | memoryview | str | PathLike[str]
OCTET_STREAM = "application/octet-stream"


class Content:
    """Bytes, text or a file as an operation's result.

        return Content(pdf, media_type="application/pdf", filename="sales.pdf")

    `body` is bytes, text (sent as UTF-8), or the path of a file, which is copied when the function returns and stays
    where it is. `media_type` defaults to what the file name says, `text/plain; charset=utf-8` for text, and
    `application/octet-stream` otherwise. `filename` is the name suggested to who downloads it; a file's own name by
    default. Raises ValueError for a media type or file name that no header can carry.
    """

    __slots__ = ("body", "filename", "media_type")

    def __init__(self, body: Body, *, media_type: str | None = None, filename: str | None = None) -> None:
        self.body: bytes | Path = _body(body)
        self.filename = self.body.name if filename is None and isinstance(self.body, Path) else filename
        self.media_type = media_type or _guess(self.filename) or ("text/plain; charset=utf-8" if isinstance(body, str) else OCTET_STREAM)
        if not is_media_type(self.media_type):
            raise ValueError(f"media_type={self.media_type!r} is none; write it like 'text/csv' or 'text/csv; charset=utf-8'.")
        if self.filename is not None and (not self.filename or _CONTROL.search(self.filename)):
            raise ValueError(f"filename={self.filename!r}: a name without slashes and control characters is needed.")

    @classmethod
    def of(cls, value: Any) -> Self | None:
        """What a function returned, where that is bytes, a path or a Content; None where it is to be JSON."""
        if isinstance(value, cls):
            return value
        return cls(value) if _is_bytes(value) or isinstance(value, Path) else None

    def __repr__(self) -> str:
        size = self.body if isinstance(self.body, Path) else f"{len(self.body)} bytes"
        return f"Content({size}, media_type={self.media_type!r}, filename={self.filename!r})"


def is_media_type(text: str) -> bool:
    """Whether `text` is a media type, with its parameters if any, that a header field can carry."""
    return _MEDIA_TYPE.fullmatch(text) is not None


def is_file(type_: Any) -> bool:
    """Whether results of this type, or of a member of this union, are no JSON but bytes, a file, rows or a resource."""
    if is_rows(type_):
        return True
    if isinstance(type_, type):
        return issubclass(type_, bytes | bytearray | Path | Content | Created)
    return any(map(is_file, get_args(type_))) if get_origin(type_) in (Union, UnionType, Annotated) else False


def is_rows(type_: Any) -> bool:
    """Whether a function of this return type yields its result row by row."""
    return get_origin(type_) in _ROWS or type_ in _ROWS


def _body(body: Body) -> bytes | Path:
    if isinstance(body, str):
        return body.encode()
    return Path(body) if isinstance(body, PathLike) else bytes(body)


def _is_bytes(value: Any) -> bool:
    return isinstance(value, bytes | bytearray | memoryview)


def _guess(filename: str | None) -> str | None:
    if filename is None:
        return None
    media_type, encoding = mimetypes.guess_type(filename)
    return {"gzip": "application/gzip"}.get(encoding, OCTET_STREAM) if encoding else media_type
