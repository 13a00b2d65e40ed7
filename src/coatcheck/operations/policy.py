"""What `@jobs.operation` can be told of an operation."""

from typing import Literal, TypedDict

from coatcheck.domain.estimate import Estimate
from coatcheck.domain.retry import Backoff
from coatcheck.operations.limits import Limits

Isolation = Literal["thread", "process"]


class Policy(TypedDict, total=False):
    """Each member can be left out; `Operation` has the defaults."""

    name: str | None
    """Unique in the application, and stored with each job. Default: the function's name."""
    isolation: Isolation
    """`thread` (default): runs share their worker's process. `process`: each has one of its own, which can be killed and
    held to `limits`, so that a function that crashes, spins or leaks hurts no other job; some milliseconds a job."""
    limits: Limits
    """What a run may take of memory, processor time and the rest; for `isolation="process"` only."""
    timeout: float | None
    """Seconds that one attempt may take, an hour by default; None for no limit."""
    retries: int
    """Further attempts after the function's own failures, 0 by default."""
    backoff: Backoff
    """How the attempts are spread."""
    queue_bound: int
    """Jobs that may wait before requests are turned away with 503; 1,000 by default."""
    ttl: float
    """Seconds for which a job's record is kept after its end, a day by default."""
    estimate: str | Estimate | None
    """How long a run usually takes, as in `"2-3 minutes"`; learned from past runs otherwise."""
    idempotency_key_required: bool
    """Whether each request must bring an Idempotency-Key."""
