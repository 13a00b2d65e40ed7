"""The durable record of one accepted request."""

import msgspec

from coatcheck.domain.problem import Problem
from coatcheck.domain.progress import Progress
from coatcheck.domain.result import Result
from coatcheck.domain.state import Status


class JobRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A job as the store knows it. Moments are seconds since the epoch, UTC."""

    id: str
    owner: str
    operation: str
    status: Status
    version: int
    """Raised by every change, progress too."""
    last_event: int
    """Number of the job's newest event."""
    created_at: float
    not_before: float
    started_at: float | None = None
    """Start of the newest attempt."""
    completed_at: float | None = None
    """When it reached its terminal status, whichever that is."""
    expires_at: float | None = None
    cancel_requested_at: float | None = None
    attempt: int = 0
    """Starts so far; releases and rescues count."""
    max_attempts: int = 1
    failures: int = 0
    """The function's own failures in this life; what `max_attempts` bounds."""
    crashes: int = 0
    """Workers lost under it in this life."""
    fence: int = 0
    timeout: float | None = None
    """Seconds an attempt may take."""
    worker: str | None = None
    progress: Progress = Progress()
    result: Result | None = None
    error: Problem | None = None


class Tombstone(msgspec.Struct, frozen=True):
    """All that is left of an expired job: that it was there, and whose it was."""

    id: str
    owner: str
    expired_at: float


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was found good, ready to be stored."""

    id: str
    owner: str
    operation: str
    arguments: bytes
    """The function's arguments by name, one JSON object."""
    max_attempts: int
    timeout: float | None
    ttl: float
    """Seconds the record is kept after the job ended."""
    queue_bound: int
    """Jobs of the operation that may be queued at once."""
    total_queue_bound: int | None = None
    """Jobs of all operations that may be queued at once."""
    in_flight_bound: int | None = None
    """Jobs of the operation that its owner may have queued or running at once."""
    total_in_flight_bound: int | None = None
    """Jobs of all operations that its owner may have queued or running at once."""
    delay: float = 0.0
    """Seconds before it may start."""
    idempotency_key: str | None = None
    fingerprint: bytes = b""
    """What the key is bound to: equal for equal requests."""
    blobs: tuple[str, ...] = ()
    """Keys of blobs that the arguments refer to. They are the job's once it is stored, and go with it."""
    webhook_url: str | None = None
    """Where the job's end is to be told."""
    traceparent: str | None = None
    """The trace that the request belongs to (W3C Trace Context), passed on to whoever is told of the job."""

    def accepted(self, now: float) -> JobRecord:
        """The job that it is once it is stored."""
        return JobRecord(
            id=self.id,
            owner=self.owner,
            operation=self.operation,
            status=Status.QUEUED,
            version=1,
            last_event=1,
            created_at=now,
            not_before=now + self.delay,
            max_attempts=self.max_attempts,
            timeout=self.timeout,
        )
