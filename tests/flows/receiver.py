"""A receiver of webhooks: what it is sent, and what it answers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from coatcheck.testing.harness import serving

Handle = Callable[[bytes, dict[str, str]], int]
"""Takes a body and its header fields; the status to answer with."""


@contextmanager
def receiving(handle: Handle) -> Iterator[str]:
    """The URL under which posts are handled."""

    async def receiver(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        status = handle(body, {name.decode(): value.decode() for name, value in scope["headers"]})
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    with serving(receiver, lifespan="off") as url:
        yield f"{url}/hooks"
