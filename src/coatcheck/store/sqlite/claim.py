"""Starting attempts."""

import math
from collections.abc import Collection, Sequence
from heapq import merge
from itertools import chain, islice, zip_longest

import apsw

from coatcheck.clock import BootTime
from coatcheck.domain.claim import Claim
from coatcheck.domain.event import EventType
from coatcheck.domain.state import Status, Verb
from coatcheck.store.rows import JOB_WIDTH, Row, job_record
from coatcheck.store.settlement import leads_to
from coatcheck.store.sqlite.query import as_json, first, query
from coatcheck.store.sqlite.statement import statement

_ANYTHING_DUE = statement("anything_due")
_DUE = statement("due")
_CLAIM = statement("claim")
_CLAIM_EVENTS = statement("claim_events")


def anything_due(db: apsw.Connection, operations: Collection[str], now: float) -> bool:
    """Whether there is something to claim: a read, so that idle workers never take the write lock."""
    wanted = as_json(operations)
    return any(first(db, _ANYTHING_DUE, {"operations": wanted, **due}) is not None for due in _whats_due(now))


def claim(
    db: apsw.Connection, worker: str, operations: Sequence[str], limit: int, now: float, boot: BootTime, *, lease: float, grace: float
) -> Sequence[Claim]:
    """Start up to `limit` due jobs, oldest first within an operation, the operations taking turns in their order."""
    due = _in_turns([_due(db, operation, limit, now) for operation in operations], limit)
    if not due:
        return []
    parameters = {
        "due": as_json(due),
        "status": leads_to(Status.QUEUED, Verb.CLAIM),
        "now": now,
        "worker": worker,
        "boot_id": boot.boot_id,
        "seconds": boot.seconds,
        "lease": lease,
        "grace": grace,
    }
    rows = {row[0]: row for row in query(db, _CLAIM, parameters)}
    db.execute(_CLAIM_EVENTS, {"jobs": as_json(list(rows)), "event": EventType.STARTED})
    return [_claim(rows[seq], worker) for seq in due if seq in rows]


def _due(db: apsw.Connection, operation: str, limit: int, now: float) -> list[int]:
    found = [query(db, _DUE, {"operation": operation, "limit": limit, **due}) for due in _whats_due(now)]
    return [seq for _, seq in islice(merge(*found), limit)]


def _whats_due(now: float) -> list[dict[str, float]]:
    """What was never to wait, whenever it says that was: the clock may have been set back since. And what has waited."""
    return [{"delayed": 0, "until": math.inf}, {"delayed": 1, "until": now}]


def _in_turns(queues: list[list[int]], limit: int) -> list[int]:
    turns = chain.from_iterable(zip_longest(*queues))
    return list(islice((seq for seq in turns if seq is not None), limit))


def _claim(row: Row, worker: str) -> Claim:
    job = job_record(row)
    arguments, checkpoint = row[JOB_WIDTH:]
    return Claim(job=job, worker=worker, fence=job.fence, arguments=arguments, checkpoint=checkpoint)
