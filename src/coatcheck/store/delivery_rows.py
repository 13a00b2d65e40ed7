"""From rows to the values of webhooks, and back, the same for every SQL backend."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import starmap

import msgspec

from coatcheck.domain.delivery import Delivery, DeliveryAttempt, DeliveryClaim, DeliveryStatus, GivenUp
from coatcheck.domain.endpoint import Endpoint, Occasion, Secret
from coatcheck.store.rows import Row

ENDPOINT_COLUMNS = "id, owner, url, occasions, created_at, disabled_at, disabled_reason"
DELIVERY_COLUMNS = """deliveries.seq, deliveries.id, deliveries.owner, deliveries.occasion,
    coalesce((SELECT url FROM {schema}.endpoints WHERE endpoints.id = deliveries.endpoint), deliveries.url),
    (SELECT jobs.id FROM {schema}.jobs WHERE jobs.seq = deliveries.job), deliveries.event, deliveries.endpoint,
    deliveries.status, deliveries.created_at, deliveries.next_at, deliveries.attempts,
    (SELECT jobs.traceparent FROM {schema}.jobs WHERE jobs.seq = deliveries.job)"""
"""What is pending for an endpoint goes to the URL that it has by then."""
_WIDTH = 13

_OVERDUE = "nobody has sent it for as long as it is tried at all"
_TAKES_NOTHING = "its endpoint is sent nothing any more"


def encode_occasions(occasions: Iterable[Occasion]) -> str:
    """As they are stored: a JSON array, in which the triggers look for `"job.completed"` with its quotation marks."""
    return msgspec.json.encode(sorted(occasions)).decode()


def endpoint_of(row: Row) -> Endpoint:
    """The endpoint in a row of `ENDPOINT_COLUMNS`."""
    endpoint_id, owner, url, occasions, created_at, disabled_at, disabled_reason = row
    return Endpoint(
        id=endpoint_id,
        owner=owner,
        url=url,
        occasions=msgspec.json.decode(occasions, type=frozenset[Occasion]),
        created_at=created_at,
        disabled_at=disabled_at,
        disabled_reason=disabled_reason,
    )


def secrets_of(rows: Iterable[Row]) -> Sequence[Secret]:
    """Secrets, from rows of sealed, created_at, ends_at."""
    return [Secret(sealed=sealed, created_at=created_at, ends_at=ends_at) for sealed, created_at, ends_at in rows]


def deliveries_of(rows: Sequence[Row], attempts: Iterable[Row]) -> Sequence[Delivery]:
    """Deliveries with their attempts, from rows of `DELIVERY_COLUMNS` and of `delivery_attempts.sql`."""
    histories = defaultdict[int, list[Row]](list)
    for seq, *attempt in attempts:
        histories[seq].append(tuple(attempt))
    return [_delivery(row, tuple(starmap(_attempt, histories[row[0]]))) for row in rows]


def claim_of(row: Row) -> DeliveryClaim:
    """The claim in a row that begins with `DELIVERY_COLUMNS`, fence, body. The delivery's history does not come along."""
    fence, body = row[_WIDTH : _WIDTH + 2]
    return DeliveryClaim(delivery=_delivery(row), fence=fence, body=body)


def given_up_of(rows: Iterable[Row]) -> Sequence[GivenUp]:
    """What was given up, from rows of `DELIVERY_COLUMNS` and whether its target would still be sent something."""
    return [GivenUp(delivery=_delivery(row), reason=_OVERDUE if row[_WIDTH] else _TAKES_NOTHING) for row in rows]


def _delivery(row: Row, history: tuple[DeliveryAttempt, ...] = ()) -> Delivery:
    _, delivery_id, owner, occasion, url, job_id, event, endpoint, status, created_at, next_at, attempts, traceparent = row[:_WIDTH]
    return Delivery(
        id=delivery_id,
        owner=owner,
        occasion=Occasion(occasion),
        url=url,
        job_id=job_id,
        event=event,
        endpoint=endpoint,
        status=DeliveryStatus(status),
        created_at=created_at,
        next_at=next_at,
        attempts=attempts,
        traceparent=traceparent,
        history=history,
    )


def _attempt(number: int, at: float, duration: float, status: int | None, error: str | None, answer: bytes) -> DeliveryAttempt:
    return DeliveryAttempt(number=number, at=at, duration=duration, status=status, error=error, answer=answer)
