"""Answering on the portal's event loop what came in on a plain thread, as under WSGI.

The thread is not idle meanwhile: it runs errands for the loop. It reads the body from its server, and asks a plain
`authenticate` hook, which finds there what it finds in the host's own views: the same thread, the same context.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Future
from contextvars import Context, ContextVar, copy_context
from queue import SimpleQueue
from typing import ParamSpec, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Scope

from coatcheck.http.access import is_async
from coatcheck.http.wiring import Authenticate
from coatcheck.integrations.paths import Path
from coatcheck.integrations.wsgi import CHUNK, TERMINATED, body_of
from coatcheck.portal import Portal

P = ParamSpec("P")
T = TypeVar("T")


class Errands:
    """What an event loop asks of the thread that waits for its answer."""

    def __init__(self) -> None:
        self._asked: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """On the loop: have the thread call `function`."""
        done: Future[T] = Future()

        def errand() -> None:
            if done.set_running_or_notify_cancel():
                try:
                    done.set_result(function(*args, **kwargs))
                except BaseException as error:  # noqa: BLE001  whoever asked is to know
                    done.set_exception(error)

        self._asked.put(errand)
        return await asyncio.wrap_future(done)

    def until(self, answer: Future[T]) -> None:
        """In the thread: run errands until `answer` is there. Whoever is interrupted meanwhile cancels it."""
        answer.add_done_callback(lambda _: self._asked.put(None))
        try:
            while (errand := self._asked.get()) is not None:
                errand()
        finally:
            answer.cancel()


_errands: ContextVar[Errands | None] = ContextVar("coatcheck-errands", default=None)


async def ask(authenticate: Authenticate, request: object, otherwise: Callable[..., Awaitable[object]] = run_in_threadpool) -> object:
    """What the hook says of the host's own request; a plain one is called in the request's thread, or by `otherwise` without one."""
    if is_async(authenticate):
        return await authenticate(request)
    errands = _errands.get()
    return await (errands.run(authenticate, request) if errands else otherwise(authenticate, request))


def answer(
    portal: Portal,
    path: Path,
    scope: Scope,
    own: T,
    read: Callable[[int], bytes],
    *,
    check: Callable[[T], None] = lambda _: None,
    context: Context | None = None,
) -> Response:
    """The answer to a request of this thread, `own` as the host knows it. `read` gives its body by and by, b"" at the end.

    What `check` raises is answered as a problem. The loop sees the context variables of `context`, of the caller by default.
    """
    errands = Errands()

    async def answered() -> Response:
        request = Request(scope, body_of(lambda: errands.run(read, CHUNK), scope, terminated=scope.get(TERMINATED, False)))
        try:
            await errands.run(check, own)
            await portal.open(serving=True)
        except Exception as error:  # noqa: BLE001  whatever it was, the client gets an answer
            return await path.problem(request, error)
        return await path.answer(request, own)

    context = copy_context() if context is None else context
    context.run(_errands.set, errands)
    under_way = context.run(portal.start, answered())
    errands.until(under_way)
    return portal.wait(under_way)


def chunks(portal: Portal, response: Response) -> Iterable[bytes]:
    """The response's body for a plain thread, in pieces where it comes in pieces."""
    if isinstance(response, StreamingResponse):
        return portal.chunks(response.body_iterator)  # type: ignore[arg-type]  # ours are iterators of bytes
    return [bytes(response.body)]
