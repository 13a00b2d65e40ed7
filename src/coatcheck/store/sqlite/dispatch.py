"""Deliveries, as dispatchers move them."""

from collections.abc import Mapping, Sequence
from typing import Any

import apsw

from coatcheck.clock import BootTime
from coatcheck.domain.delivery import OUTCOME_UNKNOWN, DeliveryClaim, DeliveryStatus, Recorded, Tried
from coatcheck.store.deliveries import CIRCUIT, CIRCUIT_PAUSE, Due
from coatcheck.store.delivery_rows import claim_of
from coatcheck.store.rows import Row
from coatcheck.store.sqlite.abandon import give_up_target
from coatcheck.store.sqlite.query import as_json, first, query
from coatcheck.store.sqlite.statement import statement
from coatcheck.store.text import storable

_TARGETS = statement("delivery_targets")
_DUE = statement("due_deliveries")
_CLAIM = statement("claim_deliveries")
_FREEZE = statement("freeze")
_SETTLE = statement("settle_delivery")
_RELEASE = statement("release_deliveries")
_ADD_ATTEMPT = statement("add_attempt")
_ADD_UNKNOWN = statement("add_unknown")
_CLOSE_CIRCUIT = statement("close_circuit")
_COUNT_FAILURE = statement("count_failure")
_DISABLE_ENDPOINT = statement("disable_endpoint")


def targets_due(db: apsw.Connection, due: Due, now: float, boot: BootTime) -> Sequence[Row]:
    """Targets that are to be sent something, which much is on its way to comes last. A read, so that an idle dispatcher never writes."""
    rows = query(db, _TARGETS, _moment(now, boot) | {"per_target": due.per_target})
    return sorted(rows, key=lambda row: (row[1], row[3]))


def claim_deliveries(db: apsw.Connection, dispatcher: str, due: Due, now: float, boot: BootTime) -> Sequence[DeliveryClaim]:
    """Take deliveries that are due, the targets taking turns."""
    chosen = _in_turns(db, due, now, boot)
    _add_unknown(db, [seq for seq, lost in chosen.items() if lost], now)
    parameters = _moment(now, boot) | {"due": as_json(list(chosen)), "dispatcher": dispatcher, "lease": due.lease}
    claimed = {row[0]: claim_of(row) for row in query(db, _CLAIM, parameters)}
    return [claimed[seq] for seq in chosen]


def freeze(db: apsw.Connection, bodies: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Write messages down that are not yet; what is written of each."""
    written = {delivery_id: first(db, _FREEZE, {"id": delivery_id, "body": body}) for delivery_id, body in bodies.items()}
    return {delivery_id: row[0] for delivery_id, row in written.items() if row is not None}


def release_deliveries(db: apsw.Connection, dispatcher: str, now: float) -> int:
    """Let go of what a dispatcher holds; how many deliveries."""
    released = [seq for (seq,) in query(db, _RELEASE, {"dispatcher": dispatcher})]
    _add_unknown(db, released, now)
    return len(released)


def settle_delivery(db: apsw.Connection, claim: DeliveryClaim, tried: Tried, dispatcher: str, now: float) -> Recorded | None:
    """Record an attempt, and what it means for the delivery, for its target and for its endpoint."""
    parameters = {
        "id": claim.delivery.id,
        "fence": claim.fence,
        "dispatcher": dispatcher,
        "status": tried.status,
        "url": claim.delivery.url,
        "delay": tried.delay or 0.0,
        "now": now,
    }
    row = first(db, _SETTLE, parameters)
    if row is None:
        return None
    seq, target, endpoint = row
    number = _add_attempt(db, seq, tried)
    _judge_target(db, target, tried, now)
    if tried.disable is None or endpoint is None:
        return Recorded(number=number)
    db.execute(_DISABLE_ENDPOINT, {"id": endpoint, "reason": storable(tried.disable), "now": now})
    return Recorded(number=number, disabled=db.changes() > 0, given_up=give_up_target(db, endpoint))


def _in_turns(db: apsw.Connection, due: Due, now: float, boot: BootTime) -> dict[int, bool]:
    """Row numbers, and whether somebody held the row whose lease is over.

    The first of each target, then the second of each, and so on, counted from what is on its way there already.
    """
    waiting = [
        (held + rank, next_at, seq, lost)
        for target, held, free, _ in targets_due(db, due, now, boot)[: due.limit]
        for rank, (next_at, seq, lost) in enumerate(query(db, _DUE, _moment(now, boot) | {"target": target, "limit": min(free, due.limit)}))
    ]
    return {seq: bool(lost) for _, _, seq, lost in sorted(waiting)[: due.limit]}


def _add_unknown(db: apsw.Connection, deliveries: Sequence[int], now: float) -> None:
    """Record an attempt of each whose outcome nobody knows."""
    if deliveries:
        db.execute(_ADD_UNKNOWN, {"deliveries": as_json(deliveries), "now": now, "error": OUTCOME_UNKNOWN})


def _add_attempt(db: apsw.Connection, seq: int, tried: Tried) -> int:
    """The attempt's number."""
    attempt = tried.attempt
    parameters = {
        "delivery": seq,
        "at": attempt.at,
        "duration": attempt.duration,
        "answered": attempt.status,
        "error": storable(attempt.error),
        "answer": attempt.answer,
    }
    [(number,)] = query(db, _ADD_ATTEMPT, parameters)
    return int(number)


def _judge_target(db: apsw.Connection, target: str, tried: Tried, now: float) -> None:
    if tried.status is DeliveryStatus.DELIVERED:
        db.execute(_CLOSE_CIRCUIT, {"target": target})
        return
    shortest, longest = CIRCUIT_PAUSE
    db.execute(_COUNT_FAILURE, {"target": target, "now": now, "circuit": CIRCUIT, "shortest": shortest, "longest": longest})


def _moment(now: float, boot: BootTime) -> dict[str, Any]:
    return {"now": now, "boot_id": boot.boot_id, "seconds": boot.seconds}
