"""The one shape in which a job is shown: the 202 body, the poll, list items, the clients' objects.

camelCase JSON, RFC 3339 timestamps in UTC, absent = null.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, overload

import msgspec

from coatcheck.domain.state import Status

NULL = msgspec.Raw(b"null")
"""JSON's null, already encoded."""


Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""A timestamp with its offset from UTC."""


class ProgressDetail(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run is, in units of its own."""

    current: int | float | None = None
    total: int | float | None = None
    unit: str | None = None


class Link(msgspec.Struct, frozen=True):
    """Something that can be done with the job now."""

    href: str
    method: str = "GET"


class Representation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A job as a client sees it."""

    job_id: str
    operation: str = ""
    """Empty only in a client whose application does not tell; likewise a `created_at` of None."""
    status: Status
    percent_complete: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    message: str | None = None
    progress_detail: ProgressDetail | None = None
    created_at: Moment | None = None
    started_at: Moment | None = None
    completed_at: Moment | None = None
    not_before: Moment | None = None
    expires_at: Moment | None = None
    cancel_requested_at: Moment | None = None
    suggested_next_poll_time: Moment | None = None
    estimated_completion_time: Moment | None = None
    queue_position: int | None = None
    attempt: int = 0
    max_attempts: int = 1
    result: msgspec.Raw = msgspec.field(default_factory=lambda: NULL)
    result_url: str | None = None
    error: dict[str, Any] | None = None
    status_url: str
    links: dict[str, Link] = msgspec.field(name="_links", default_factory=dict)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What a run wrote into its log."""

    level: str
    message: str
    at: Moment


@overload
def moment(seconds: float) -> datetime: ...
@overload
def moment(seconds: float | None) -> datetime | None: ...
def moment(seconds: float | None) -> datetime | None:
    """A domain moment (seconds since the epoch) as the wire shows it."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
