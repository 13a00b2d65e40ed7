"""What a store of jobs can do.

Every backend gives this contract and passes `coatcheck.testing.conformance` without a skip. Legality is the domain's
(`coatcheck.domain.state`); atomicity and the fence are the store's:

* A transition, its event and whatever else it owes are one transaction. A verb that returns has committed.
* A write under a claim carries the claim's fence, and says whether it landed. One that did not is a normal result.
* Every read and every write on behalf of a client names the viewer; another owner's job is as good as unknown.
* Any verb raises `StoreUnavailable` when the database cannot be reached or written. Nothing has changed then, or,
  where the answer to a commit was lost, repeating the verb is harmless.

Stored moments and leases are told by one clock for all who use the store: the host's where it is a file, the server's where
it is a server.

Verbs are coroutines, to be awaited on any event loop; several loops may share one store.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from coatcheck.domain.claim import Claim, Heartbeat
from coatcheck.domain.delivery import GivenUp
from coatcheck.domain.event import Event
from coatcheck.domain.job import JobRecord, Submission, Tombstone
from coatcheck.domain.outcome import Outcome
from coatcheck.domain.owner import Viewer
from coatcheck.domain.progress import Progress
from coatcheck.domain.result import Result
from coatcheck.domain.state import Status


class Submitted(msgspec.Struct, frozen=True):
    """What became of a submission."""

    job: JobRecord
    replayed: bool
    """Whether an idempotency key led to a job stored before."""
    ahead: int | None = None
    """Its position in the queue then (`Insight.position`); None for a replay, and where it was not counted on the way."""


class LogEntry(msgspec.Struct, frozen=True):
    """A line that a run wrote about itself."""

    level: str
    message: str
    at: float


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs to list, newest first. None = no restriction."""

    statuses: frozenset[Status] | None = None
    operation: str | None = None
    created_after: float | None = None
    created_before: float | None = None
    before: str | None = None
    """Only jobs older than the one with this id: the cursor of the next page."""
    limit: int = 50


class Pruned(msgspec.Struct, frozen=True):
    """What a pruning removed."""

    jobs: int
    tombstones: int
    blobs: tuple[str, ...] = ()
    """Keys no job refers to any more."""
    given_up: tuple[GivenUp, ...] = ()
    """Webhooks that are dead: nobody has sent them for too long, or their endpoint takes nothing any more."""


class Store(Protocol):
    """A durable, shared collection of jobs."""

    # Opening -----------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connect and bring the schema up to date. Raises ConfigurationError when this cannot be our store."""

    async def close(self) -> None:
        """Finish what was begun and let go of the database. Idempotent."""

    def listen(self, hint: Callable[[], None]) -> Callable[[], None]:
        """Call `hint` (quick, from any thread) whenever something may have changed, by any process.

        A hint is never the truth: it may come late, twice, for nothing, or not at all. Returns how to stop it.
        """

    async def ping(self) -> None:
        """Return if the store can be reached and written; raise `StoreUnavailable` otherwise."""

    # Clients' side -----------------------------------------------------------------------------------------------

    async def submit(self, submission: Submission, within: object = None) -> Submitted:
        """Store a job with its idempotency key, the blobs it refers to, and its `accepted` event.

        A key (scoped to owner and operation) that is there already leads to its job, and nothing is stored: the blobs are
        still the caller's to delete, as they are when this raises, unless it is StoreUnavailable: the job may be stored then,
        and if it is not, the sweep of orphans finds them. The key lives for 24 hours or as long as the job, whichever is longer.

        Raises IdempotencyKeyReused when that was another request; TooManyJobs at a bound of its owner's jobs; QueueFull at one of
        jobs that wait, which several processes that submit in the same second may pass by a part of the places that were free.

        `within` is a connection of the caller's to this very database, with a transaction open: the job is stored in that,
        so it exists once that is committed, and never if it is rolled back. Raises ConfigurationError for a connection
        that cannot be meant, and whatever the connection's driver raises.
        """

    async def get(self, job_id: str, viewer: Viewer) -> JobRecord | Tombstone | None:
        """The job; a JSON result comes along up to `INLINE_LIMIT` bytes. A tombstone once it was pruned."""

    async def result(self, job_id: str, viewer: Viewer) -> Result | None:
        """The result of a completed job, JSON whole; None for any other."""

    async def list(self, viewer: Viewer, listing: Listing) -> Sequence[JobRecord]:
        """The viewer's jobs, newest first; results do not come along."""

    async def events(self, job_id: str, viewer: Viewer, *, after: int = 0, limit: int = 1000) -> Sequence[Event]:
        """Events numbered above `after`, in order; empty for an unknown job."""

    async def cancel(self, job_id: str, viewer: Viewer, *, actor: str) -> JobRecord | Tombstone | None:
        """Cancel a queued job, ask a running one to stop; leave any other as it is. The job as it is now."""

    async def retry(self, job_id: str, viewer: Viewer, *, actor: str) -> JobRecord | Tombstone | None:
        """Open a new life of a failed or cancelled job: queued, with a fresh retry budget, its checkpoint kept.

        Raises JobNotRetryable for a job in any other status.
        """

    # Workers' side -----------------------------------------------------------------------------------------------

    async def claim(self, worker: str, operations: Collection[str], limit: int) -> Sequence[Claim]:
        """Start up to `limit` due jobs of these operations: oldest first within one, operations taking turns."""

    async def heartbeat(self, worker: str, held: Mapping[str, int]) -> Heartbeat:
        """Renew the leases of `held` (job id → fence) and tell which were asked to stop and which are lost."""

    async def keep(self, worker: str) -> int:
        """Renew the leases of all that `worker` holds, up to each one's deadline and grace; how many. For supervisors."""

    async def cancel_requests(self, worker: str) -> frozenset[str]:
        """Jobs held by `worker` that were asked to stop. A read: cheap enough to follow each hint."""

    async def report(self, claim: Claim, progress: Progress | None, log: Sequence[LogEntry] = ()) -> bool:
        """Record progress and log lines as events. False: the claim is no longer ours."""

    async def checkpoint(self, claim: Claim, data: bytes) -> bool:
        """Keep `data` (JSON) for the attempts to come. False: the claim is no longer ours."""

    async def settle(self, claim: Claim, outcome: Outcome) -> JobRecord | None:
        """Make of the job what the outcome says (domain table), with its event. None: the claim is no longer ours."""

    async def settle_all(self, endings: Sequence[tuple[Claim, Outcome]]) -> Sequence[JobRecord | None]:
        """What `settle` does for each, in one transaction; each claim once. Where it raises, none of them is settled."""

    async def complete(self, claim: Claim, apply: Callable[[Any], Result]) -> JobRecord | None:
        """Run `apply(connection)` and complete the job with the result it gives, in one transaction.

        None: the claim is no longer ours, and what `apply` wrote is rolled back, as it is where `apply` raises: Undone then.
        It is given a blocking connection of the backend's own driver to the database, runs in another thread, and may be run
        again, the first time rolled back.
        """

    # Housekeeping ------------------------------------------------------------------------------------------------

    async def holders(self) -> frozenset[str]:
        """The workers that hold running jobs, and the dispatchers that hold deliveries. A read, as cheap as what they hold is little."""

    async def rescue(self, worker: str | None = None, *, limit: int = 100) -> Sequence[JobRecord]:
        """Take back running jobs whose lease is over, or, at once, all that the dead `worker` held.

        Each counts a crash: back to the queue, `failed` (worker-lost) at the third, `cancelled` where that was asked.
        """

    async def prune(self, *, limit: int = 500) -> Pruned:
        """Turn up to `limit` expired jobs into tombstones, and forget tombstones and keys that are over."""

    async def unreferenced(self, blobs: Collection[str]) -> frozenset[str]:
        """Which of these blob keys no job refers to."""


IDEMPOTENCY_TTL = 24 * 3600.0
"""Seconds an idempotency key is kept at least."""
