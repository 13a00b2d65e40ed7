"""What telemetry is told of a delivery."""

from collections.abc import Mapping

from coatcheck.domain.delivery import Delivery
from coatcheck.push.target import parse_target


def facts_of(delivery: Delivery) -> Mapping[str, object]:
    """Which message it is, and for whom. Not the URL, whose path and query may be secret: the receiver's authority."""
    target = parse_target(delivery.url)
    return {
        "delivery": delivery.id,
        "occasion": delivery.occasion.value,
        "job": delivery.job_id,
        "endpoint": delivery.endpoint,
        "receiver": target.authority if target else None,
    }
