"""Reads of jobs: each takes any connection, a reader's or the writer's."""

from collections.abc import Collection, Sequence

import apsw

from coatcheck.domain.event import Event
from coatcheck.domain.job import JobRecord, Tombstone
from coatcheck.domain.owner import Viewer
from coatcheck.domain.result import INLINE_LIMIT, Result
from coatcheck.store.contract import Listing
from coatcheck.store.rows import JOB_WIDTH, event_of, job_record, owner_filter, result_of
from coatcheck.store.sqlite.query import as_json, first, query
from coatcheck.store.sqlite.statement import statement

_GET = statement("get")
_GET_TOMBSTONE = statement("get_tombstone")
_RESULT = statement("result")
_LIST_OWN = statement("list_own")
_LIST_ALL = statement("list_all")
_PAGE_START = statement("page_start")
_EVENTS = statement("events")
_CANCEL_REQUESTS = statement("cancel_requests")
_UNREFERENCED = statement("unreferenced")
_NEWEST = 2**63 - 1


def get(db: apsw.Connection, job_id: str, viewer: Viewer) -> JobRecord | Tombstone | None:
    """The job, or what is left of it."""
    owner = owner_filter(viewer)
    row = first(db, _GET, {"id": job_id, "viewer": owner, "inline_limit": INLINE_LIMIT})
    if row is not None:
        return job_record(row, result_of(row[JOB_WIDTH:]))
    row = first(db, _GET_TOMBSTONE, {"id": job_id, "viewer": owner})
    return None if row is None else Tombstone(*row)


def result(db: apsw.Connection, job_id: str, viewer: Viewer) -> Result | None:
    """The result of a completed job, whole."""
    row = first(db, _RESULT, {"id": job_id, "viewer": owner_filter(viewer)})
    return None if row is None else result_of(row)


def list_jobs(db: apsw.Connection, viewer: Viewer, listing: Listing) -> Sequence[JobRecord]:
    """A page of the viewer's jobs, newest first."""
    owner = owner_filter(viewer)
    before = _NEWEST
    if listing.before is not None:
        start = first(db, _PAGE_START, {"before": listing.before, "viewer": owner})
        if start is None:
            return []
        before = start[0]
    parameters = {
        "viewer": owner,
        "statuses": None if listing.statuses is None else as_json(listing.statuses),
        "operation": listing.operation,
        "created_after": listing.created_after,
        "created_before": listing.created_before,
        "before": before,
        "limit": listing.limit,
    }
    return [job_record(row) for row in query(db, _LIST_ALL if owner is None else _LIST_OWN, parameters)]


def events(db: apsw.Connection, job_id: str, viewer: Viewer, after: int, limit: int) -> Sequence[Event]:
    """The job's history after an event number."""
    parameters = {"id": job_id, "viewer": owner_filter(viewer), "after": after, "limit": limit}
    return [event_of(row) for row in query(db, _EVENTS, parameters)]


def cancel_requests(db: apsw.Connection, worker: str) -> frozenset[str]:
    """Jobs held by `worker` that were asked to stop."""
    return frozenset(job_id for (job_id,) in query(db, _CANCEL_REQUESTS, {"worker": worker}))


def unreferenced(db: apsw.Connection, blobs: Collection[str]) -> frozenset[str]:
    """Which of these blob keys no job refers to."""
    return frozenset(key for (key,) in query(db, _UNREFERENCED, {"blobs": as_json(blobs)}))
