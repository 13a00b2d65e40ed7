"""A real application to talk to, with a line to it that can fail, and one suite's view of both clients."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coatcheck import Coatcheck, Content, Fail, Job
from coatcheck.client import Client

Fault = Callable[["Line", Scope, Receive, Send], Any]


@dataclass
class Line:
    """The way to the application: notes what passes, and fails when told to."""

    app: ASGIApp
    sent: list[tuple[str, str, Headers]] = field(default_factory=list)
    """Method, path and headers of each request."""
    statuses: list[int] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    """What befalls the next requests, one each."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.sent.append((scope["method"], scope["path"], Headers(scope=scope)))

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.statuses.append(message["status"])
            await send(message)

        if self.faults:
            await self.faults.popleft()(self, scope, receive, noting)
        else:
            await self.app(scope, receive, noting)

    def requests(self, method: str) -> list[Headers]:
        return [headers for each, _, headers in self.sent if each == method]


async def lose_answer(line: Line, scope: Scope, receive: Receive, send: Send) -> None:
    """The application does its work; its answer never arrives, because the connection breaks in the middle of it."""
    answer: list[Message] = []

    async def keep(message: Message) -> None:
        answer.append(message)

    await line.app(scope, receive, keep)
    start = answer[0]
    await send(start)
    await send({"type": "http.response.body", "body": answer[1].get("body", b"")[:1], "more_body": False})


def answer_with(response: Response) -> Fault:
    """Something in between answers, and the request never reaches the application."""

    async def fault(line: Line, scope: Scope, receive: Receive, send: Send) -> None:
        await response(scope, receive, send)

    return fault


def busy(status: int = 503, **headers: str) -> Fault:
    return answer_with(JSONResponse({"type": "/problems/queue-full", "title": "Queue full", "status": status}, status, headers))


@dataclass
class Gate:
    """Where runs of `/gated` wait until a test lets them on."""

    opened: threading.Event = field(default_factory=threading.Event)
    broken: bool = True


def build(directory: Path, gate: Gate) -> Coatcheck:
    jobs = Coatcheck(store=f"sqlite:///{directory / 'jobs.db'}", durability="process")

    @jobs.operation("/echo")
    def echo(value: Any) -> Any:
        return value

    @jobs.operation("/greetings")
    def greet() -> str:
        return "hello"

    @jobs.operation("/files")
    def make_file(size: int) -> Content:
        return Content(bytes(range(256)) * (size // 256), media_type="image/x-test", filename="x.bin")

    @jobs.operation("/notes", durable=False, losable="Nobody reads them.")
    def note(text: str) -> None:
        (directory / "notes").write_text(text)
        gate.opened.set()

    @jobs.operation("/gated")
    async def gated(job: Job) -> str:
        job.progress(50, "half-way")
        while not gate.opened.is_set():
            await asyncio.to_thread(gate.opened.wait, 0.05)
        return "through"

    @jobs.operation("/broken")
    def broken(account: str) -> str:
        if gate.broken:
            raise Fail(status=422, title="Account closed", detail="It was closed in May.", account=account)
        return "mended"

    return jobs


class InThread:
    """A blocking client or job, used as the asynchronous one is."""

    def __init__(self, blocking: Any) -> None:
        self._blocking = blocking

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._blocking, name)
        if not callable(found):
            return found
        if name in ("jobs", "events"):
            return lambda **filters: _each(found(**filters))

        async def call(*args: Any, **kwargs: Any) -> Any:
            return _wrapped(await asyncio.to_thread(found, *args, **kwargs))

        return call

    def __aiter__(self) -> AsyncIterator[Any]:
        return _each(iter(self._blocking))


def _wrapped(value: Any) -> Any:
    return InThread(value) if type(value).__module__ == Client.__module__ else value


async def _each(values: Iterator[Any]) -> AsyncIterator[Any]:
    end = object()
    while (value := await asyncio.to_thread(next, values, end)) is not end:
        yield _wrapped(value)
