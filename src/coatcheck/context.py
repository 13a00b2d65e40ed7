"""What an operation's function sees of its job."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence, Sized
from contextvars import copy_context
from datetime import UTC, datetime
from os import PathLike
from typing import Any, Generic, TypeVar, cast

import msgspec

from coatcheck.domain.checkpoint import CHECKPOINT_LIMIT, Checkpoint
from coatcheck.domain.problem import cut
from coatcheck.domain.progress import Progress
from coatcheck.errors import Cancelled
from coatcheck.programs.command import Command
from coatcheck.programs.output import LEVEL, Output
from coatcheck.programs.program import AwaitableProgram
from coatcheck.run import Run
from coatcheck.transaction import AwaitableTransaction
from coatcheck.wire import strict

T = TypeVar("T")

REPORT_INTERVAL = 0.1
"""Seconds between two progress reports of one job that are stored; the last one always is."""
MAX_LEVEL = 64
"""Characters of a log entry's level that are kept."""


class Job:
    """The job that is being run, injected by annotation.

        @jobs.operation("/imports")
        def import_rows(request: Import, job: Job) -> Summary:
            for row in job.track(job.resume(request.rows), unit="row"):
                ...

    Every method works in `def` and `async def` alike and returns at once, but for `run`, which waits for a program.
    """

    def __init__(self, run: Run, checkpoint: bytes | None = None, resources: Mapping[Any, Any] | None = None) -> None:
        self._run = run
        self._resources = resources or {}
        self._progress = Progress()
        self._saved = msgspec.json.decode(checkpoint, type=Checkpoint) if checkpoint else Checkpoint()
        self._staged = self._saved.value
        self._resumed = False
        self._resuming = False

    @property
    def id(self) -> str:
        """The job's id; the same in every attempt."""
        return self._run.job_id

    @property
    def attempt(self) -> int:
        """Which start of the job this is, from 1."""
        return self._run.attempt

    @property
    def fence(self) -> int:
        """A number that rises with every attempt. Hand it to outside systems that can refuse a late writer."""
        return self._run.fence

    @property
    def deadline(self) -> datetime | None:
        """When this attempt times out (UTC); None without a timeout."""
        return None if self._run.deadline is None else datetime.fromtimestamp(self._run.deadline, UTC)

    @property
    def cancelled(self) -> bool:
        """Whether the client asked for a stop. For loops that neither `track` nor `progress`."""
        return self._run.cancelled

    @property
    def stopping(self) -> bool:
        """Whether the worker is shutting down: whoever returns or checkpoints now loses nothing."""
        return self._run.stopping

    def resource(self, hook: Callable[[], AsyncIterator[T]]) -> T:
        """What the `@jobs.resource` function `hook` yielded for this worker or job.

        Raises LookupError for a function that is not registered.
        """
        if hook not in self._resources:
            raise LookupError(f"{getattr(hook, '__name__', hook)} is no resource of this application; decorate it with @jobs.resource().")
        return cast("T", self._resources[hook])

    def progress(
        self,
        percent: float | None = None,
        message: str | None = None,
        *,
        current: float | None = None,
        total: float | None = None,
        unit: str | None = None,
    ) -> None:
        """Say how far the run is. What is left out stays as it was.

        Raises ValueError for NaN and infinities, and Cancelled when the run has been asked to stop.
        """
        self._check()
        message = None if message is None else str(message)
        unit = None if unit is None else str(unit)
        self._progress = self._progress.advanced(percent=percent, message=message, current=current, total=total, unit=unit)
        self._run.report(self._progress)

    def log(self, message: str, *, level: str = "info") -> None:
        """Write a line into the job's history, where clients see it; up to 8192 characters are kept, and 64 of the level."""
        self._run.log(str(level)[:MAX_LEVEL], cut(str(message)))

    def run(
        self,
        arguments: Sequence[str | PathLike[str]],
        *,
        cwd: str | PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
        input: bytes | str | None = None,
        progress: Callable[[str], float | Mapping[str, Any] | None] | None = None,
        log: bool = True,
        timeout: float | None = None,
        check: bool = True,
    ) -> AwaitableProgram:
        """Run a program to its end: awaited in an `async def`, blocking in a `def`. No shell is involved.

            await job.run(["ffmpeg", "-i", source, "-progress", "pipe:1", target], progress=read_ffmpeg)

        `env` is added to the environment, `input` is what the program reads (else nothing). Each line that it writes is
        given to `progress`, in a thread: a percentage or a mapping is handed on to `job.progress`; where it is None, and
        with `log`, the line becomes a log entry of level `output`. Of more than 100 lines a second the newest are kept.

        When the run must end, after `timeout` seconds and whatever is raised, the program and all that it started get
        SIGTERM, and SIGKILL five seconds later; what it leaves running when it ends gets SIGKILL. That has happened
        before this raises: Cancelled or CancelledError, TimeoutError, what `progress` raised, ProgramFailed for a
        program that cannot be started or, with `check`, does not end with status 0.
        """
        command = Command.of(arguments, cwd=cwd, env=env, input=input, timeout=timeout)
        self._check()
        output = Output(
            understood=None if progress is None else lambda line: self._progressed(progress(line)),
            log=(lambda line: self.log(line, level=LEVEL)) if log else None,
            clock=self._run.clock,
        )
        return AwaitableProgram(command, output, self._run, check=check)

    def transaction(self, apply: Callable[[Any], T]) -> AwaitableTransaction[T]:
        """Have `apply(connection)` write to the jobs' database, and the job completed with what it returns: both, once, or neither.

            paid = await job.transaction(lambda db: db.execute("UPDATE orders SET paid = true WHERE id = %s", [id]).rowcount)
            return paid.value

        Awaited in an `async def`, blocking in a `def`. `apply` is a plain, quick function that does nothing but write to its
        connection, since it may be run again: an `apsw.Connection` or a `psycopg.Connection`, in another thread, which it
        neither commits nor keeps. Once this returns, the job is completed, whatever the function does or returns then.

        Raises what `apply` raised, Cancelled when the run must end or its claim is lost, Fail for a value that cannot be
        stored as JSON, RuntimeError the second time and with `isolation="process"`. All is rolled back then.
        """
        self._check()
        context = copy_context()
        return AwaitableTransaction(lambda: self._run.transact(lambda connection: context.run(apply, connection)))

    def track(self, rows: Iterable[T] | AsyncIterable[T], *, total: float | None = None, unit: str | None = None) -> Tracked[T]:
        """Go through `rows`, reporting progress; each step is a point where a cancel takes effect.

        `total` defaults to `len(rows)` where there is one. The answer works in `for` and in `async for`, whatever
        `rows` is in the latter.
        """
        return Tracked(self, rows, total, unit)

    @property
    def last_checkpoint(self) -> Any:
        """What the last `checkpoint` of an earlier attempt (or of this one) kept; None if nothing."""
        return msgspec.json.decode(self._staged)

    def checkpoint(self, value: Any) -> None:
        """Keep `value` (anything JSON) for the next attempt, should this one be lost.

        Inside a `resume` loop it is kept together with the position, once the row is done: both or neither.
        Stored within a tenth of a second, the newest value only. Raises TypeError or ValueError for what JSON cannot
        hold, NaN and infinities included, and for more than 10 MiB of it.
        """
        encoded = strict.encode(value)
        if len(encoded) > CHECKPOINT_LIMIT:
            raise ValueError(f"A checkpoint of {len(encoded)} bytes; the limit is {CHECKPOINT_LIMIT}. Keep a file, and its name here.")
        self._staged = msgspec.Raw(encoded)
        if not self._resuming:
            self._save(self._saved.rows)

    def resume(self, rows: Iterable[T] | AsyncIterable[T]) -> Resumed[T]:
        """Go through `rows`, skipping those an earlier attempt finished. One such loop a job.

        A row counts as done when the loop asks for the next one, so a row may be seen twice after a crash, and none
        is skipped. `rows` must come in the same order each time. Raises RuntimeError when called a second time.
        """
        if self._resumed:
            raise RuntimeError(
                "job.resume() was called before: there is one position a job. Resume the longest loop, and run the others whole."
            )
        self._resumed = True
        return Resumed(self, rows)

    def _check(self) -> None:
        if self._run.interrupted:
            raise Cancelled

    def _progressed(self, said: float | Mapping[str, Any] | None) -> bool:
        if said is None:
            return False
        if isinstance(said, Mapping):
            self.progress(**said)
        else:
            self.progress(said)
        return True

    def _save(self, rows: int) -> None:
        self._saved = Checkpoint(rows, self._staged)
        self._run.checkpoint(msgspec.json.encode(self._saved))


class Resumed(Generic[T]):
    """Rows that are left to do."""

    def __init__(self, job: Job, rows: Iterable[T] | AsyncIterable[T]) -> None:
        self._job, self._rows = job, rows
        self.start = job._saved.rows
        """Rows done before."""
        self.total: float | None = len(rows) if isinstance(rows, Sized) else None

    def __iter__(self) -> Iterator[T]:
        try:
            for number, row in enumerate(cast("Iterable[T]", self._rows), 1):
                if number > self.start:
                    self._job._resuming = True
                    yield row
                    self._job._save(number)
        finally:
            self._job._resuming = False

    async def __aiter__(self) -> AsyncIterator[T]:
        number = 0
        try:
            async for row in _each(self._job, self._rows):
                number += 1
                if number > self.start:
                    self._job._resuming = True
                    yield row
                    self._job._save(number)
        finally:
            self._job._resuming = False


class Tracked(Generic[T]):
    """Rows, with progress reported as they pass."""

    def __init__(self, job: Job, rows: Iterable[T] | AsyncIterable[T], total: float | None, unit: str | None) -> None:
        if total is None:
            total = rows.total if isinstance(rows, Resumed) else len(rows) if isinstance(rows, Sized) else None
        self._job, self._rows, self._total, self._unit = job, rows, total, unit
        self._done = rows.start if isinstance(rows, Resumed) else 0
        self._next_report = 0.0

    def __iter__(self) -> Iterator[T]:
        self._report()
        for row in cast("Iterable[T]", self._rows):
            self._job._check()
            yield row
            self._step()
        self._report()

    async def __aiter__(self) -> AsyncIterator[T]:
        self._report()
        async for row in _each(self._job, self._rows):
            self._job._check()
            yield row
            self._step()
        self._report()

    def _step(self) -> None:
        self._done += 1
        if self._job._run.clock.monotonic() >= self._next_report:
            self._report()

    def _report(self) -> None:
        self._next_report = self._job._run.clock.monotonic() + REPORT_INTERVAL
        self._job.progress(current=self._done, total=self._total, unit=self._unit)


async def _each(job: Job, rows: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    if isinstance(rows, AsyncIterable):
        async for row in rows:
            yield row
        return
    for row in rows:
        await job._run.clock.sleep(0)  # lets a cancellation in, and other jobs on
        yield row
