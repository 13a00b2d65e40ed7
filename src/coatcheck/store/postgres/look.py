"""Reads of jobs."""

from collections.abc import Collection, Sequence

from coatcheck.domain.event import Event
from coatcheck.domain.job import JobRecord, Tombstone
from coatcheck.domain.owner import Viewer
from coatcheck.domain.result import INLINE_LIMIT, Result
from coatcheck.store.contract import Listing
from coatcheck.store.postgres.columns import Texts
from coatcheck.store.postgres.connections import Connections
from coatcheck.store.rows import JOB_WIDTH, event_of, job_record, owner_filter, result_of

_NEWEST = 2**63 - 1


async def get(db: Connections, job_id: str, viewer: Viewer) -> JobRecord | Tombstone | None:
    """The job, or what is left of it."""
    seen = {"id": job_id, "viewer": owner_filter(viewer)}
    row = await db.first("get", {**seen, "inline_limit": INLINE_LIMIT})
    if row is not None:
        return job_record(row, result_of(row[JOB_WIDTH:]))
    row = await db.first("get_tombstone", seen)
    return None if row is None else Tombstone(*row)


async def result(db: Connections, job_id: str, viewer: Viewer) -> Result | None:
    """The result of a completed job, whole."""
    row = await db.first("result", {"id": job_id, "viewer": owner_filter(viewer)})
    return None if row is None else result_of(row)


async def list_jobs(db: Connections, viewer: Viewer, listing: Listing) -> Sequence[JobRecord]:
    """A page of the viewer's jobs, newest first."""
    owner = owner_filter(viewer)
    if any("\0" in text for text in (listing.operation, listing.before) if text):  # PostgreSQL has no such text to compare with
        return []
    before = _NEWEST
    if listing.before is not None:
        start = await db.first("page_start", {"before": listing.before, "viewer": owner})
        if start is None:
            return []
        before = start[0]
    parameters = {
        "viewer": owner,
        "statuses": None if listing.statuses is None else Texts(listing.statuses),
        "operation": listing.operation,
        "created_after": listing.created_after,
        "created_before": listing.created_before,
        "before": before,
        "limit": listing.limit,
    }
    return [job_record(row) for row in await db.fetch("list_all" if owner is None else "list_own", parameters)]


async def events(db: Connections, job_id: str, viewer: Viewer, after: int, limit: int) -> Sequence[Event]:
    """The job's history after an event number."""
    rows = await db.fetch("events", {"id": job_id, "viewer": owner_filter(viewer), "after": after, "limit": limit})
    return [event_of(row) for row in rows]


async def unreferenced(db: Connections, blobs: Collection[str]) -> frozenset[str]:
    """Which of these blob keys no job refers to."""
    return frozenset(key for (key,) in await db.fetch("unreferenced", {"blobs": Texts(blobs)}))
