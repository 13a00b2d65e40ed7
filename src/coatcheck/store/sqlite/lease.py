"""Keeping claims."""

from collections.abc import Mapping
from typing import Any

import apsw

from coatcheck.clock import BootTime
from coatcheck.domain.claim import Heartbeat
from coatcheck.store.sqlite.query import first
from coatcheck.store.sqlite.statement import statement

_HEARTBEAT = statement("heartbeat")
_KEEP = statement("keep")


def heartbeat(db: apsw.Connection, worker: str, held: Mapping[str, int], boot: BootTime, lease: float) -> Heartbeat:
    """Renew the leases of what `worker` believes to hold, and say where it errs."""
    renewal = _renewal(worker, boot, lease)
    renewed = {job_id: first(db, _HEARTBEAT, renewal | {"id": job_id, "fence": fence}) for job_id, fence in held.items()}
    return Heartbeat(
        cancel_requested=frozenset(job_id for job_id, row in renewed.items() if row is not None and row[0]),
        lost=frozenset(job_id for job_id, row in renewed.items() if row is None),
    )


def keep(db: apsw.Connection, worker: str, boot: BootTime, lease: float) -> int:
    """Renew the leases of all that `worker` holds; how many."""
    db.execute(_KEEP, _renewal(worker, boot, lease))
    return db.changes()


def _renewal(worker: str, boot: BootTime, lease: float) -> dict[str, Any]:
    return {"worker": worker, "boot_id": boot.boot_id, "seconds": boot.seconds, "lease": lease}
