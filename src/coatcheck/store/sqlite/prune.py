"""Forgetting what ended long ago."""

import apsw

from coatcheck.clock import BootTime
from coatcheck.store.contract import Pruned
from coatcheck.store.sqlite.abandon import forget_attempts, forget_webhooks, give_up_overdue
from coatcheck.store.sqlite.look import unreferenced
from coatcheck.store.sqlite.query import as_json, query
from coatcheck.store.sqlite.statement import statement

CHUNK = 50
"""Jobs that one unit removes, so that no other write waits long."""
_EXPIRED = statement("expired")
_TO_TOMBSTONES = statement("prune_to_tombstones")
_FROM_KEYS = statement("prune_from_keys")
_FILES = tuple(statement(name) for name in ("prune_results", "prune_inputs"))
_REST = tuple(statement(name) for name in ("prune_callbacks", "prune_events", "prune_arguments", "prune_checkpoints", "prune_jobs"))
_DELIVERIES = statement("prune_deliveries")
_FORGET_TOMBSTONES = statement("forget_tombstones")
_FORGET_KEYS = statement("forget_keys")


def prune_jobs(db: apsw.Connection, now: float, *, tombstone: float, limit: int) -> Pruned:
    """Turn up to `limit` expired jobs into tombstones that last `tombstone` seconds."""
    found = query(db, _EXPIRED, {"now": now, "limit": limit})
    if not found:
        return Pruned(jobs=0, tombstones=0)
    expired = {"expired": as_json([seq for (seq,) in found])}
    db.execute(_TO_TOMBSTONES, expired | {"now": now, "forget_at": now + tombstone})
    db.execute(_FROM_KEYS, expired)
    blobs = {blob for files in _FILES for (blob,) in query(db, files, expired) if blob is not None}
    forget_attempts(db, query(db, _DELIVERIES, expired))
    for rest in _REST:
        db.execute(rest, expired)
    return Pruned(jobs=len(found), tombstones=0, blobs=tuple(unreferenced(db, blobs)))


def forget(db: apsw.Connection, now: float, boot: BootTime, *, limit: int) -> Pruned:
    """Remove up to `limit` tombstones that are over, as many keys, and what webhooks leave behind; give up what is overdue of them."""
    given_up = give_up_overdue(db, now, boot, limit)
    forget_webhooks(db, now)
    db.execute(_FORGET_KEYS, {"now": now, "limit": limit})
    db.execute(_FORGET_TOMBSTONES, {"now": now, "limit": limit})
    return Pruned(jobs=0, tombstones=db.changes(), given_up=tuple(given_up))
