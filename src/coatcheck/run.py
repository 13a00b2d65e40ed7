"""What a job's context asks of whoever runs it."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

from coatcheck.clock import Clock
from coatcheck.domain.progress import Progress


@dataclass(frozen=True)
class Transacted:
    """What became of a transaction: what the function in it returned, or why it was rolled back."""

    value: Any = None
    error: BaseException | None = None


class Run(Protocol):
    """The effects of one attempt, passed in by the worker. None of them blocks, and any thread may call them."""

    @property
    def clock(self) -> Clock: ...

    @property
    def job_id(self) -> str: ...

    @property
    def attempt(self) -> int: ...

    @property
    def fence(self) -> int: ...

    @property
    def grace(self) -> float:
        """Seconds it has to end once it is told to."""

    @property
    def deadline(self) -> float | None:
        """Seconds since the epoch."""

    @property
    def cancelled(self) -> bool:
        """Whether the client asked for a stop."""

    @property
    def stopping(self) -> bool:
        """Whether the worker is shutting down."""

    @property
    def interrupted(self) -> bool:
        """Whether the run must end now: cancelled, past its deadline, or past the shutdown's grace."""

    def report(self, progress: Progress) -> None: ...

    def log(self, level: str, message: str) -> None: ...

    def checkpoint(self, data: bytes) -> None: ...

    def transact(self, apply: Callable[[Any], Any]) -> Future[Transacted]:
        """Begin to run `apply(connection)` and complete the job with its result, in one transaction. Raises RuntimeError."""
