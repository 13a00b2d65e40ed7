"""The receiver of `coatcheck webhooks listen`."""

import socket
from collections.abc import Callable, Sequence
from typing import Any

import click
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from coatcheck.cli.output import print_json, say
from coatcheck.cli.server import Server
from coatcheck.client.webhooks import Message, Unverified, verify
from coatcheck.wire.signatures import parse_secret


class Receiver:
    """An ASGI application that prints each message and whether it is genuine; others are answered 400.

    Raises ConfigurationError for a secret that is none.
    """

    def __init__(self, secrets: Sequence[str], *, answer: int, as_json: bool) -> None:
        for secret in secrets:
            parse_secret(secret)  # better now than with the first message
        self._secrets, self._answer, self._as_json = secrets, answer, as_json

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        try:
            message = verify(await request.body(), request.headers, self._secrets)
        except Unverified as error:
            say(f"Refused: {error}")
            return PlainTextResponse(f"{error}\n", 400)
        self._print(message)
        return Response(status_code=self._answer)

    def _print(self, message: Message) -> None:
        if self._as_json:
            print_json({"id": message.id, "type": message.type, "timestamp": message.timestamp, "data": message.data})
        else:
            click.echo(" ".join(filter(None, [message.type, message.id, _about(message.data)])))


def _about(data: Any) -> str:
    """Which job it is, and what came of it, where that is told in our own shape."""
    if not isinstance(data, dict) or "jobId" not in data:
        return ""
    error = data.get("error")
    said = (error.get("detail") or error.get("title")) if isinstance(error, dict) else data.get("message")
    return f"{data['jobId']} {data.get('operation', '')}" + (f": {said}" if said else "")


def receive(listener: socket.socket, receiver: Receiver, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; `ready` is called once it answers."""
    Server(uvicorn.Config(receiver, log_config=None, access_log=False, lifespan="off"), ready=ready).run(sockets=[listener])
