"""Giving deliveries up, and forgetting what webhooks leave behind."""

from collections.abc import Sequence

import apsw

from coatcheck.clock import BootTime
from coatcheck.domain.delivery import GivenUp
from coatcheck.store.deliveries import OVERDUE, TEST_TTL
from coatcheck.store.delivery_rows import given_up_of
from coatcheck.store.rows import Row
from coatcheck.store.sqlite.query import as_json, query
from coatcheck.store.sqlite.statement import statement

_GIVE_UP_TARGET = statement("give_up_target")
_GIVE_UP_OVERDUE = statement("give_up_overdue")
_FORGET_TESTS = statement("forget_tests")
_PRUNE_ATTEMPTS = statement("prune_attempts")
_FORGET_SECRETS = statement("forget_secrets")
_FORGET_CIRCUITS = statement("forget_circuits")


def give_up_target(db: apsw.Connection, target: str) -> int:
    """What is owed to a target is dead, but for what is on its way there now; how many deliveries."""
    db.execute(_GIVE_UP_TARGET, {"target": target})
    return db.changes()


def give_up_overdue(db: apsw.Connection, now: float, boot: BootTime, limit: int) -> Sequence[GivenUp]:
    """Up to `limit` deliveries are dead that nobody has tried for `OVERDUE` seconds, or whose endpoint takes nothing any more."""
    parameters = {"overdue": now - OVERDUE, "boot_id": boot.boot_id, "seconds": boot.seconds, "limit": limit}
    return given_up_of(query(db, _GIVE_UP_OVERDUE, parameters))


def forget_webhooks(db: apsw.Connection, now: float) -> None:
    """Remove what is over of that which does not go with a job."""
    forget_attempts(db, query(db, _FORGET_TESTS, {"before": now - TEST_TTL}))
    db.execute(_FORGET_SECRETS, {"now": now})
    db.execute(_FORGET_CIRCUITS, {"now": now})


def forget_attempts(db: apsw.Connection, deliveries: Sequence[Row]) -> None:
    """Remove the attempts of deliveries that were removed, by rows of their numbers."""
    if deliveries:
        db.execute(_PRUNE_ATTEMPTS, {"deliveries": as_json([seq for (seq,) in deliveries])})
