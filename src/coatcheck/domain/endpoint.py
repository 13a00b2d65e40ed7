"""Where an owner wants to be told."""

from enum import StrEnum, unique

import msgspec

from coatcheck.domain.event import EventType


@unique
class Occasion(StrEnum):
    """What a webhook tells; its value is the `type` of the message."""

    COMPLETED = "job.completed"
    FAILED = "job.failed"
    CANCELLED = "job.cancelled"
    STARTED = "job.started"
    PROGRESS = "job.progress"
    TEST = "webhook.test"

    @property
    def event(self) -> EventType | None:
        """The event of a job that it tells of; None for the test message."""
        return None if self is Occasion.TEST else EventType(self.value.removeprefix("job."))


ENDINGS = frozenset({Occasion.COMPLETED, Occasion.FAILED, Occasion.CANCELLED})
"""What is told where nobody says otherwise: how jobs end."""
SELECTABLE = ENDINGS | {Occasion.STARTED, Occasion.PROGRESS}
"""What an endpoint can ask for."""


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """What messages are signed with."""

    sealed: bytes
    """Encrypted; only the process that signs opens it."""
    created_at: float
    ends_at: float | None = None
    """Set once a newer one took its place: until then messages carry both signatures."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A URL that an owner registered."""

    id: str
    owner: str
    url: str
    occasions: frozenset[Occasion] = ENDINGS
    created_at: float
    disabled_at: float | None = None
    disabled_reason: str | None = None
    """Why nothing is sent there any more: its owner's wish, or that it answered 410."""
