"""What a run says of itself while it runs."""

from collections.abc import Sequence
from typing import Any

from coatcheck.domain.claim import Claim
from coatcheck.domain.event import EVENT_LIMIT, EventType
from coatcheck.domain.progress import Progress
from coatcheck.domain.state import Status
from coatcheck.store.contract import LogEntry
from coatcheck.store.postgres.columns import Blobs, Floats, Texts
from coatcheck.store.postgres.connections import Connections
from coatcheck.store.text import encode_json, storable

_PRUNABLE = Texts(kind.value for kind in EventType if kind.prunable)


async def report(db: Connections, claim: Claim, progress: Progress | None, log: Sequence[LogEntry]) -> bool:
    """Record progress and log lines, if the claim still holds."""
    row = await db.first("report", _notes(progress, log) | _progress(progress) | {"id": claim.job_id, "fence": claim.fence})
    if row is None:
        return False
    job, kept = row
    if kept > EVENT_LIMIT:
        await db.fetch("trim_events", {"job": job, "excess": kept - EVENT_LIMIT, "prunable": _PRUNABLE})
    return True


async def checkpoint(db: Connections, claim: Claim, data: bytes) -> bool:
    """Keep `data`, if the claim still holds."""
    return await db.first("checkpoint", {"id": claim.job_id, "fence": claim.fence, "body": data}) is not None


def _notes(progress: Progress | None, log: Sequence[LogEntry]) -> dict[str, Any]:
    """The events to write; the one of progress is of now."""
    kinds, moments, facts = Texts(), Floats(), Blobs()
    for entry in log:
        kinds.append(EventType.LOG.value)
        moments.append(entry.at)
        facts.append(encode_json(entry))
    if progress is not None:
        kinds.append(EventType.PROGRESS.value)
        moments.append(None)
        facts.append(encode_json(progress))
    return {
        "count": len(kinds),
        "type": kinds,
        "at": moments,
        "data": facts,
        "status": Status.RUNNING.value,
        "status_if_cancelling": Status.CANCELLING.value,
        "actor": "worker",
    }


def _progress(progress: Progress | None) -> dict[str, Any]:
    said = progress or Progress()
    return {
        "progress": progress is not None,
        "percent": said.percent,
        "message": storable(said.message),
        "current": None if said.current is None else float(said.current),
        "total": None if said.total is None else float(said.total),
        "unit": storable(said.unit),
    }
