"""One durable, numbered fact about a job."""

from enum import StrEnum, unique

import msgspec

from coatcheck.domain.state import Status


@unique
class EventType(StrEnum):
    """What an event says."""

    ACCEPTED = "accepted"
    STARTED = "started"
    PROGRESS = "progress"
    LOG = "log"
    CANCEL_REQUESTED = "cancel-requested"
    ATTEMPT_FAILED = "attempt-failed"
    RELEASED = "released"
    RESCUED = "rescued"
    RETRIED = "retried"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        """Whether it ends a life of the job. There is one such event per life, and it is the last."""
        return self in (EventType.COMPLETED, EventType.FAILED, EventType.CANCELLED)

    @property
    def prunable(self) -> bool:
        """Whether old ones make room for new ones. The audit trail of transitions never does."""
        return self in (EventType.PROGRESS, EventType.LOG)


EVENT_LIMIT = 1_000
"""Progress and log events that are kept of one job; the oldest go first."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the job's history.

    `seq` counts from 1 within the job, without gaps where nothing was pruned; `actor` is who caused it (an owner,
    `worker`, `system`); `reason` is what was said about it; `data` holds the facts a live reader needs, as JSON.
    """

    seq: int
    type: EventType
    at: float
    status: Status
    attempt: int
    actor: str
    worker: str | None = None
    reason: str | None = None
    data: bytes | None = None
