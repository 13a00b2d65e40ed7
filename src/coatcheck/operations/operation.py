"""A registered kind of slow work."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, ParamSpec, TypeVar

from coatcheck.domain.estimate import Estimate
from coatcheck.domain.retry import Backoff
from coatcheck.operations.limits import Limits
from coatcheck.operations.parameters import Parameters

P = ParamSpec("P")
R = TypeVar("R")

Isolation = Literal["thread", "process"]


@dataclass(frozen=True, kw_only=True)
class Operation(Generic[P, R]):
    """A function, its path, its schemas and its policy."""

    function: Callable[P, Any]
    name: str
    """Unique in the application; stored with every job. Default: the function's name."""
    path: str
    """Where it is submitted, below the application's mount, for example `/reports`."""
    parameters: Parameters
    """How a request becomes the function's arguments, and back from the store."""
    returns: Any
    """The declared type of the result; `None` where the function declares none."""
    is_async: bool
    """Whether the function is an `async def`."""
    isolation: Isolation
    """Where it runs: among others in its worker (a thread, or the event loop of all), or in a process of its own."""
    limits: Limits
    """What it may take; for processes only."""
    summary: str
    """First line of the docstring, or the name in words."""
    description: str
    timeout: float | None
    """Seconds an attempt may take; None only where written out."""
    retries: int
    """Further attempts after the function's own failures."""
    backoff: Backoff
    queue_bound: int
    """Jobs that may be queued at once."""
    ttl: float
    """Seconds the record is kept after the job ended."""
    estimate: Estimate | None
    """How long a run usually takes, as declared."""
    idempotency_key_required: bool

    @property
    def max_attempts(self) -> int:
        return self.retries + 1
