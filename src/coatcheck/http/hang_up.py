"""Ending a connection on which somebody still sends what nobody will read."""

import asyncio
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from coatcheck.errors import BodyTooSlow
from coatcheck.http.body import is_unread

LINGER = 2.0
"""Seconds for which what still comes is thrown away: a connection that is closed at once may take the answer with it."""


def hung_up_if_unread(request: Request, answer: Response) -> Response:
    """`answer`, and the end of the connection after it where the rest of a long body is not wanted (RFC 9112 §9.6)."""
    wanted = isinstance(answer, StreamingResponse) or not (is_unread(request) or answer.status_code == BodyTooSlow.status)
    if wanted or not request.scope.get("http_version", "1.1").startswith("1"):
        return answer
    answer.headers["Connection"] = "close"
    return _HangUp(answer)


class _HangUp(Response):
    """An answer that is sent whole, and not ended before its client has had the time to read it."""

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.body, answer.status_code, background=answer.background)
        self.raw_headers = answer.raw_headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_and_wait(message: Message) -> None:
            if message["type"] != "http.response.body":
                await send(message)
                return
            await send({**message, "more_body": True})
            await _drain(receive)
            await send({"type": "http.response.body", "body": b""})

        await super().__call__(scope, receive, send_and_wait)


async def _drain(receive: Receive) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER):
            while (await receive()).get("more_body"):
                pass
