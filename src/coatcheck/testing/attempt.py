"""What became of the attempts that a test had run."""

from collections.abc import Coroutine, Generator, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from coatcheck.domain.job import JobRecord
from coatcheck.domain.state import Status
from coatcheck.loop import in_event_loop
from coatcheck.worker.event_loop import LoopThread

T = TypeVar("T")


@dataclass(frozen=True)
class Attempt:
    """One attempt at a job."""

    job: JobRecord
    """The job as the attempt left it."""
    error: BaseException | None = None
    """What the function raised."""

    @property
    def status(self) -> Status:
        """Where the job stood then: `queued` where another attempt is to follow."""
        return self.job.status


class _Awaitable(Generic[T]):
    """There already in a plain function; in a coroutine, once it is awaited."""

    def __init__(self, thread: LoopThread, coroutine: Coroutine[Any, Any, T]) -> None:
        self._pending: Coroutine[Any, Any, T] | None = None
        if in_event_loop():
            self._pending = thread.run(coroutine)  # Python warns of it if nobody awaits it
        else:
            self._done = thread.wait_for(coroutine)

    def __await__(self) -> Generator[Any, None, T]:
        pending, self._pending = self._pending, None
        if pending is not None:
            self._done = yield from pending.__await__()
        return self._done

    def _there(self) -> T:
        if not hasattr(self, "_done"):
            raise RuntimeError("Nothing has been run yet: in an `async def`, write `await kit.run()` and `await kit.drain()`.")
        return self._done


class AwaitableAttempt(_Awaitable[Attempt]):
    """What `Kit.run` gives: in a `def` an attempt that was made, in an `async def` one that is made once it is awaited."""

    @property
    def job(self) -> JobRecord:
        return self._there().job

    @property
    def error(self) -> BaseException | None:
        return self._there().error

    @property
    def status(self) -> Status:
        return self._there().status


class AwaitableAttempts(_Awaitable[list[Attempt]]):
    """What `Kit.drain` gives: likewise, all attempts that there were to make, in their order."""

    __hash__ = None  # type: ignore[assignment]  # as for any list

    def __iter__(self) -> Iterator[Attempt]:
        return iter(self._there())

    def __len__(self) -> int:
        return len(self._there())

    def __getitem__(self, place: int) -> Attempt:
        return self._there()[place]

    def __eq__(self, other: object) -> bool:
        return self._there() == other
