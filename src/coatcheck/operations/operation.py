"""A registered kind of slow work."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec, TypeVar

from coatcheck.domain.estimate import Estimate
from coatcheck.domain.rate import Rate
from coatcheck.domain.retry import Backoff
from coatcheck.operations.limits import Limits
from coatcheck.operations.parameters import Parameters
from coatcheck.operations.policy import Isolation
from coatcheck.wire.style import HttpStyle

P = ParamSpec("P")
R = TypeVar("R")


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
    """Whether the function is an `async def`, be it that it yields."""
    summary: str
    """First line of the docstring, or the name in words."""
    description: str
    isolation: Isolation = "thread"
    """Where it runs: among others in its worker (a thread, or the event loop of all), or in a process of its own."""
    limits: Limits = Limits()  # noqa: RUF009  frozen
    """What it may take; for processes only."""
    timeout: float | None = 3600.0
    """Seconds an attempt may take; None only where written out."""
    retries: int = 0
    """Further attempts after the function's own failures."""
    backoff: Backoff = Backoff()  # noqa: RUF009  frozen
    queue_bound: int = 1000
    """Jobs that may be queued at once."""
    max_in_flight: int | None = None
    """Jobs that one owner may have queued or running at once."""
    rate: Rate | None = None
    """How often one owner may submit."""
    durable: bool = True
    """Whether each request becomes a job in the store."""
    losable: str = ""
    """Why a request may be lost, where it does not."""
    ttl: float = 86400.0
    """Seconds the record is kept after the job ended."""
    estimate: Estimate | None = None
    """How long a run usually takes, as declared."""
    max_upload: int | None = None
    """Bytes of the largest body that is kept as files; 0: no limit, None: the setting's."""
    idempotency_key_required: bool = False
    sync_window: float = 0.0
    """Seconds for which an answer is held back, so that it can be the result."""
    webhooks: bool = False
    """Whether a request may bring a URL that is told how its job ended."""
    style: HttpStyle | None = None
    """How its jobs are shown; None: as the application's are."""

    @property
    def max_attempts(self) -> int:
        return self.retries + 1
