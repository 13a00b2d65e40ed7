"""Requests and answers of WSGI hosts, in the terms of ASGI that ours are in."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Message, Receive, Scope

from coatcheck.http.events import LIFE

CHUNK = 64 * 1024
"""Bytes that are read at a time."""
_STREAM_LIFE = 20.0
"""Seconds that a stream may last: meanwhile it holds a thread, which some servers take for hung after 30."""
TERMINATED = "coatcheck.terminated"
"""In a scope: whether the server's stream ends where the body does."""
_FORBIDDEN = {"connection"}
"""Fields that are the server's own under WSGI (PEP 3333)."""


def scope_of(environ: Mapping[str, Any], root: str, parameters: Mapping[str, Any]) -> Scope:
    """A WSGI request as ASGI describes one; `root` is what stands before the application's paths, `parameters` the path's."""
    path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": environ.get("SERVER_PROTOCOL", "HTTP/1.1").removeprefix("HTTP/"),
        "method": environ["REQUEST_METHOD"],
        "scheme": environ.get("wsgi.url_scheme", "http"),
        "path": root.rstrip("/") + path,
        "root_path": root.rstrip("/"),
        "query_string": environ.get("QUERY_STRING", "").encode("latin-1"),
        "headers": list(_headers(environ)),
        "path_params": parameters,
        "client": None,
        "server": None,
        TERMINATED: bool(environ.get("wsgi.input_terminated")),
        LIFE: _STREAM_LIFE,
    }


def _headers(environ: Mapping[str, Any]) -> Iterable[tuple[bytes, bytes]]:
    for name, value in environ.items():
        if name in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
            yield name.lower().replace("_", "-").encode("latin-1"), value.encode("latin-1")
        elif name.startswith("HTTP_") and name not in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"):
            yield name.removeprefix("HTTP_").lower().replace("_", "-").encode("latin-1"), value.encode("latin-1")


def body_of(read: Callable[[], Awaitable[bytes]], scope: Scope, *, terminated: bool) -> Receive:
    """A request's messages, made of what `read` gives by and by, b"" at the end; `terminated`: which is where the body ends.

    Where it is not, servers stop at the Content-Length, or when the client has gone. After the end it waits for what no such
    host tells, a disconnect.
    """
    fields = Headers(scope=scope)
    announced, received, ended = fields.get("content-length", ""), 0, False

    async def receive() -> Message:
        nonlocal received, ended
        if ended:
            await asyncio.Future()
        if "transfer-encoding" in fields and not announced and not terminated:
            raise HTTPException(HTTPStatus.LENGTH_REQUIRED, "This server takes no body without a Content-Length.")
        piece = await read()
        received, ended = received + len(piece), not piece
        if ended and announced.isdecimal() and received < int(announced[:20]):
            raise ClientDisconnect
        return {"type": "http.request", "body": piece, "more_body": not ended}

    return receive


def fields(response: Response) -> list[tuple[str, str]]:
    """The response's header fields, but for those that are the server's own."""
    return [(name, value) for name, value in response.headers.items() if name not in _FORBIDDEN]
