"""What goes on in a job's process: one run, and nothing after it."""

import asyncio
import os
import select
import signal
import socket
import sys
from collections.abc import Coroutine
from contextlib import suppress
from traceback import format_exc, format_exception
from typing import Any, NoReturn

from coatcheck.domain.outcome import Ending
from coatcheck.errors import Cancelled
from coatcheck.worker import conclude
from coatcheck.worker.calls import AnyOperation, Calls
from coatcheck.worker.event_loop import LoopThread, new_event_loop
from coatcheck.worker.isolation.confine import cut_off, lift, limit
from coatcheck.worker.isolation.line import Line
from coatcheck.worker.run import ActiveRun
from coatcheck.worker.workshop import Workshop

_TRACEBACK = 7_000
"""Characters of a traceback that are kept: the end of it."""
_LOOKS, _LOOK_AGAIN = 20, 0.01


def run_job(workshop: Workshop, connection: socket.socket, *, parent: int, output: int, faults: int) -> NoReturn:
    """Run the one job that the worker sends, in a process that was forked for it, and exit."""
    status = 1
    try:
        cut_off(parent, output, faults)
        line = Line(connection, workshop.clock)
        last_word = _run(workshop, line.run)
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):  # the function may have closed it
                stream.flush()
        line.close(*last_word)
        status = 0
    except BaseException:  # noqa: BLE001  ours, not the function's: operators should see it
        os.write(faults, format_exc().encode("utf-8", "replace"))
    finally:
        os._exit(status)  # no thread, no exit handler and no garbage of the function's can hold this up


def _run(workshop: Workshop, run: ActiveRun) -> tuple[Ending, str | None]:
    original = _Original()
    operation = workshop.registry.find(run.claim.job.operation)
    assert operation is not None, "the fork server has imported what the worker has"
    try:
        with _Terminable(run):
            limit(operation.limits)
            value = _call(operation, run, Calls(workshop, scopes=["worker", "job"]), original)
        original.insist()
        ending = conclude.returned(value, workshop.blobs)
    except BaseException as error:  # noqa: BLE001  whatever it raises ends its run
        original.insist()
        lift()
        return conclude.stopped(error, run), _traceback(error)
    lift()
    return ending, None


def _call(operation: AnyOperation, run: ActiveRun, calls: Calls, original: "_Original") -> Any:
    if operation.is_async:
        loop = new_event_loop()
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(calls.awaited(operation, run))
    return calls.called(operation, run, _ResourcesLoop(original).wait_for)


class _Original:
    """The process that was forked for the job, and no copy that the function has made of it by forking."""

    def __init__(self) -> None:
        self._pid = os.getpid()

    def insist(self) -> None:
        """End a copy that the function let return, or raise: it does not speak for the job."""
        if os.getpid() != self._pid:
            os._exit(1)


class _ResourcesLoop:
    """The event loop on which a plain function's resources live, in a thread beside it; made when there are any."""

    def __init__(self, original: _Original) -> None:
        self._original = original
        self._thread: LoopThread | None = None

    def wait_for(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        self._original.insist()
        if self._thread is None:
            self._thread = LoopThread("coatcheck-resources")
            self._thread.start()
        return self._thread.wait_for(coroutine)


class _Terminable:
    """While the function runs, SIGTERM raises Cancelled in it, at whatever line it is, if its run is to end.

    A function that has met its end already, and an event loop that waits and so will meet it, are left to clean up.
    """

    def __init__(self, run: ActiveRun) -> None:
        self._run = run

    def __enter__(self) -> None:
        signal.signal(signal.SIGTERM, self._obey)

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def _obey(self, number: int, _: object) -> None:
        if not self._told():
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        if not (_is_ending(sys.exc_info()[1]) or _is_waiting()):
            raise Cancelled

    def _told(self) -> bool:
        """Whether the run is to end; the message that says so may be just behind the signal."""
        for _ in range(_LOOKS):
            if self._run.interrupted:
                return True
            select.select([], [], [], _LOOK_AGAIN)
        return False


def _is_ending(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, Cancelled | asyncio.CancelledError):
            return True
        error = error.__context__
    return False


def _is_waiting() -> bool:
    """Whether there is an event loop, and none of its tasks is at work."""
    try:
        return asyncio.current_task() is None
    except RuntimeError:
        return False


def _traceback(error: BaseException) -> str:
    try:
        return "".join(format_exception(error))[-_TRACEBACK:]
    except BaseException as second:  # noqa: BLE001  hostile code may raise anything while it is looked at
        return f"The traceback of a {type(error).__name__} could not be read: that raised {type(second).__name__}."
