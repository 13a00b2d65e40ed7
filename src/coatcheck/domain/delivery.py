"""One message that is owed to one URL."""

import random
from enum import StrEnum, unique
from urllib.parse import urlsplit

import msgspec

from coatcheck.domain.endpoint import Occasion

SCHEDULE = (0.0, 5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
"""Seconds before each attempt, from the one before it."""
JITTER = 0.2
"""By what part a delay may be longer."""
RETRY_AFTER = (1.0, 86400.0)
"""Seconds within which the receiver's own wish is obeyed."""


@unique
class DeliveryStatus(StrEnum):
    """How a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    """Given up; it can be sent again by hand."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What came of sending a message once."""

    at: float
    duration: float
    """Seconds."""
    status: int | None = None
    """The HTTP status; None where there was no answer."""
    error: str | None = None
    """What went wrong, in a word or a sentence; None where it was delivered."""
    answer: bytes = b""
    """The first bytes of the answer's body, at most 1,024."""


class DeliveryAttempt(Sent, frozen=True, kw_only=True):
    """One of a delivery's attempts, as it was recorded."""

    number: int
    """Counts on from 1 over redeliveries."""


OUTCOME_UNKNOWN = "outcome unknown: whoever was sending it ended before it could be told"
"""What is recorded of an attempt that nobody has recorded: the message may have arrived, and is sent again."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is owed, or was, to one URL."""

    id: str
    """The `webhook-id` of all its attempts: `msg_` and letters and digits."""
    owner: str
    occasion: Occasion
    url: str
    job_id: str | None = None
    """None for a test message."""
    event: int | None = None
    """Number of the job's event that it tells of."""
    endpoint: str | None = None
    """The registered endpoint; None where the job was submitted with a URL of its own."""
    status: DeliveryStatus = DeliveryStatus.PENDING
    created_at: float
    next_at: float | None = None
    """When it is tried next; None once that is over."""
    attempts: int = 0
    """How often it was sent since it was last asked for, which is its place in the schedule. Attempts whose outcome nobody knows do
    not count: a worker that dies again and again must not use it up."""
    traceparent: str | None = None
    """Of the request that the job was submitted with (W3C Trace Context)."""
    history: tuple[DeliveryAttempt, ...] = ()
    """Every attempt, oldest first."""


class DeliveryClaim(msgspec.Struct, frozen=True, kw_only=True):
    """One dispatcher's right to try a delivery once."""

    delivery: Delivery
    fence: int
    body: bytes | None
    """The message, once it was written down; the same in every attempt."""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a delivery after an attempt."""

    attempt: Sent
    status: DeliveryStatus
    delay: float | None = None
    """Seconds until the next attempt, while it is pending."""
    disable: str | None = None
    """Why the endpoint is to be sent nothing more; None: it goes on."""


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What recording an attempt came to."""

    number: int
    """The attempt's."""
    disabled: bool = False
    """Whether the endpoint is sent nothing more since this attempt."""
    given_up: int = 0
    """Other deliveries to that endpoint which are dead with it."""


class GivenUp(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that is dead though nobody has tried it for the last time."""

    delivery: Delivery
    reason: str


def next_delay(
    attempts: int, random: random.Random, retry_after: float | None = None, schedule: tuple[float, ...] = SCHEDULE
) -> float | None:
    """Seconds until the attempt after `attempts` ones; None: there is none.

    What the receiver asked for counts where it is longer, within `RETRY_AFTER`.
    """
    if attempts >= len(schedule):
        return None
    delay = schedule[attempts] * random.uniform(1.0, 1.0 + JITTER)
    least, most = RETRY_AFTER
    return delay if retry_after is None else max(delay, min(most, max(least, retry_after)))


def target_of(url: str, owner: str) -> str:
    """What is counted together of the URLs that jobs are submitted with: an origin, for each owner apart.

    Owners share receivers such as a chat's, and one whose URLs fail must not hold up the others' messages there.

    >>> target_of("https://Example.com:443/hooks?job=1", "ada")
    'https://example.com ada'
    """
    parts = urlsplit(url)
    port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port} {owner}"


_PORTS = {"https": 443, "http": 80}
