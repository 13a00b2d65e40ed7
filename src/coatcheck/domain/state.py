"""The life of a job: statuses, verbs, and the one table of transitions."""

from enum import StrEnum, unique
from typing import assert_never


@unique
class Status(StrEnum):
    """Where a job stands."""

    # CANCELLING is stored as running with `cancel_requested_at` set; everything above the store sees it as a status.

    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        """Whether only an explicit retry leads on from here."""
        return self in _TERMINAL

    @property
    def held(self) -> bool:
        """Whether a worker holds the job."""
        return self in (Status.RUNNING, Status.CANCELLING)


_TERMINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})


@unique
class Verb(StrEnum):
    """What can be done to a job."""

    CLAIM = "claim"
    """A worker starts an attempt."""
    COMPLETE = "complete"
    """The run returned a result."""
    FAIL = "fail"
    """The run ended with a problem and no retry is left; or the job was lost too often."""
    RESCHEDULE = "reschedule"
    """The run ended with a problem and a retry is left."""
    RELEASE = "release"
    """The run stopped without an ending of its own: its worker shuts down, or it obeyed a cancel."""
    RESCUE = "rescue"
    """The worker was lost."""
    CANCEL = "cancel"
    """The client wants no result any more."""
    RETRY = "retry"
    """The client opens a new life of a failed or cancelled job."""


def transition(status: Status, verb: Verb) -> Status | None:
    """The status that `verb` leads to from `status`; None where that is not possible. Total and pure.

    >>> transition(Status.QUEUED, Verb.CLAIM)
    <Status.RUNNING: 'running'>
    >>> transition(Status.COMPLETED, Verb.CANCEL) is None
    True
    """
    match status:
        case Status.QUEUED:
            return {Verb.CLAIM: Status.RUNNING, Verb.CANCEL: Status.CANCELLED}.get(verb)
        case Status.RUNNING:
            return {
                Verb.COMPLETE: Status.COMPLETED,
                Verb.FAIL: Status.FAILED,
                Verb.RESCHEDULE: Status.QUEUED,
                Verb.RELEASE: Status.QUEUED,
                Verb.RESCUE: Status.QUEUED,
                Verb.CANCEL: Status.CANCELLING,
            }.get(verb)
        case Status.CANCELLING:
            # A run that still returns a value has completed; one that ends in any other way is cancelled, never retried.
            return {
                Verb.COMPLETE: Status.COMPLETED,
                Verb.FAIL: Status.CANCELLED,
                Verb.RESCHEDULE: Status.CANCELLED,
                Verb.RELEASE: Status.CANCELLED,
                Verb.RESCUE: Status.CANCELLED,
                Verb.CANCEL: Status.CANCELLING,
            }.get(verb)
        case Status.FAILED:
            return {Verb.RETRY: Status.QUEUED}.get(verb)
        case Status.CANCELLED:
            return {Verb.RETRY: Status.QUEUED, Verb.CANCEL: Status.CANCELLED}.get(verb)
        case Status.COMPLETED:
            return None
        case _:
            assert_never(status)
