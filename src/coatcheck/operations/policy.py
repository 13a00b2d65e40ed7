"""What `@jobs.operation` can be told of an operation."""

from typing import Literal, TypedDict

from coatcheck.domain.estimate import Estimate
from coatcheck.domain.rate import Rate
from coatcheck.domain.retry import Backoff
from coatcheck.operations.limits import Limits
from coatcheck.wire.style import HttpStyle

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
    max_in_flight: int | None
    """Jobs of this operation that one owner may have waiting or running before its requests are turned away with 429; no bound
    by default."""
    rate: str | Rate | None
    """How often one owner may submit, as in `"10/s"` or `"100/minute"`, told apart by each API process for itself; no limit by
    default."""
    durable: bool
    """Whether a request is stored before it is accepted: True by default. With False it is fire and forget: the process that
    accepts it runs it from memory, there is no job to look at, and if the process ends it is lost. `losable` is required then."""
    losable: str
    """Why a lost request does no harm, for `durable=False`; shown to clients."""
    ttl: float
    """Seconds for which a job's record is kept after its end, a day by default."""
    estimate: str | Estimate | None
    """How long a run usually takes, as in `"2-3 minutes"`; learned from past runs otherwise."""
    max_upload: int | None
    """Bytes of the largest body that is kept as files (`Upload`, `Lines`); 0 for no limit, None for the setting's."""
    idempotency_key_required: bool
    """Whether each request must bring an Idempotency-Key."""
    sync_window: float
    """Seconds, at most 25, that the answer to a request is held back: a job that ends meanwhile is answered with its result, as
    a synchronous call would be. 0 by default; 0.05 is a good choice where many jobs are quick. A client that sends
    `Prefer: wait=N` chooses for itself."""
    webhooks: bool
    """Whether a request may bring a `webhookUrl` that is told how its job ended, as a member of its JSON object or in the query;
    no by default. Endpoints that an owner has registered are told of all its jobs."""
    style: HttpStyle | None
    """How its jobs are shown over HTTP, where that is not as the application's are (`Coatcheck(style=…)`)."""
