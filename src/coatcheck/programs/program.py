"""A program that a job runs, as its function sees it."""

import asyncio
import signal
import threading
from collections.abc import Coroutine, Generator
from contextlib import suppress
from contextvars import copy_context
from typing import Any

from coatcheck.errors import ProgramFailed
from coatcheck.loop import in_event_loop
from coatcheck.programs.command import Command
from coatcheck.programs.execute import execute
from coatcheck.programs.output import Output
from coatcheck.run import Run


class Program:
    """A program that `job.run` ran."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._status: int | None = None

    @property
    def status(self) -> int:
        """Its exit status; negative where a signal ended it (-9 for SIGKILL). Raises RuntimeError before its end."""
        if self._status is None:
            raise RuntimeError("The program has not ended: in an async function, write `program = await job.run(…)`.")
        return self._status

    @property
    def output(self) -> str:
        """The last 64 KiB of what it wrote to stdout and stderr; undecodable bytes are replaced."""
        return self._output.tail


class AwaitableProgram(Program):
    """What `job.run` gives: in a `def` a program that has ended, in an `async def` one that runs once it is awaited."""

    def __init__(self, command: Command, output: Output, run: Run, *, check: bool) -> None:
        super().__init__(output)
        self._command, self._run, self._check = command, run, check
        self._given_up = False
        self._error: BaseException | None = None
        self._pending: Coroutine[Any, Any, None] | None = None
        if in_event_loop():
            self._pending = self._run_in_thread()  # Python warns of it if nobody awaits it
        else:
            self._execute()

    def __await__(self) -> Generator[Any, None, Program]:
        pending, self._pending = self._pending, None
        if pending is not None:
            yield from pending.__await__()
        return self

    def _execute(self) -> None:
        self._status = execute(self._command, self._output, self._run, given_up=lambda: self._given_up)
        if self._check and self._status != 0:
            raise self._failure(self._status)

    def _failure(self, status: int) -> ProgramFailed:
        name, last_line = self._command.name, self._output.last_line[:1024]
        how = f"was ended by {_signal_name(-status)}" if status < 0 else f"ended with status {status}"
        text = f"{name} {how}: {last_line}" if last_line else f"{name} {how}."
        return ProgramFailed(text, program=name, status=status, output=self._output.tail)

    async def _run_in_thread(self) -> None:
        """Run it in a thread, and leave only once that has ended: what is cancelled here must not run on."""
        loop, ended, context = asyncio.get_running_loop(), asyncio.Event(), copy_context()

        def work() -> None:
            try:
                context.run(self._execute)
            except BaseException as error:  # noqa: BLE001  raised again below
                self._error = error
            with suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=work, name=f"coatcheck-program-{self._command.name}", daemon=True).start()
        cancelled: asyncio.CancelledError | None = None
        try:
            while not ended.is_set():
                try:
                    await ended.wait()
                except asyncio.CancelledError as error:
                    self._given_up, cancelled = True, error
        finally:
            self._given_up = True
        if raised := cancelled or self._error:
            self._error = None  # whose traceback leads here
            raise raised


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
