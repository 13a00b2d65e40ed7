"""The SQLite store: the contract, verb by verb."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import apsw

from coatcheck.clock import Clock
from coatcheck.domain.claim import Claim, Heartbeat
from coatcheck.domain.event import Event
from coatcheck.domain.job import JobRecord, Submission, Tombstone
from coatcheck.domain.outcome import Outcome
from coatcheck.domain.owner import Viewer
from coatcheck.domain.progress import Progress
from coatcheck.domain.result import Result
from coatcheck.failpoints import failpoint
from coatcheck.settings import Settings
from coatcheck.store.contract import Listing, LogEntry, Pruned, Submitted
from coatcheck.store.insight import Depth, Standing
from coatcheck.store.sqlite import insight, look
from coatcheck.store.sqlite.cancel import cancel
from coatcheck.store.sqlite.claim import anything_due, claim
from coatcheck.store.sqlite.complete import ClaimLost, complete
from coatcheck.store.sqlite.enlist import enlisted
from coatcheck.store.sqlite.lease import heartbeat, keep
from coatcheck.store.sqlite.prune import CHUNK, forget, prune_jobs
from coatcheck.store.sqlite.report import checkpoint, report
from coatcheck.store.sqlite.rescue import holders, rescue, stale
from coatcheck.store.sqlite.retry import retry
from coatcheck.store.sqlite.settle import settle
from coatcheck.store.sqlite.submit import submit
from coatcheck.store.sqlite.webhooks import SQLiteWebhooks
from coatcheck.telemetry import Telemetry


class SQLiteStore(SQLiteWebhooks):
    """Jobs in one SQLite file: `coatcheck.store.contract.Store`, `coatcheck.store.insight.Insight`, and all that webhooks need."""

    def __init__(self, settings: Settings, clock: Clock, telemetry: Telemetry) -> None:
        super().__init__(settings, clock, telemetry)
        self._turn = 0
        self._more = False
        """Whether the last claim left something, for all that is known."""

    # Clients' side -----------------------------------------------------------------------------------------------

    async def submit(self, submission: Submission, within: object = None) -> Submitted:
        if within is not None:
            self._need()
            with enlisted(within, self._file) as db:
                return submit(db, submission, self._clock.now())
        return await self._writer.write(lambda db: submit(db, submission, self._clock.now()), "submit")

    async def get(self, job_id: str, viewer: Viewer) -> JobRecord | Tombstone | None:
        return self._readers.read(lambda db: look.get(db, job_id, viewer))

    async def result(self, job_id: str, viewer: Viewer) -> Result | None:
        return self._readers.read(lambda db: look.result(db, job_id, viewer))

    async def list(self, viewer: Viewer, listing: Listing) -> Sequence[JobRecord]:
        return self._readers.read(lambda db: look.list_jobs(db, viewer, listing))

    async def events(self, job_id: str, viewer: Viewer, *, after: int = 0, limit: int = 1000) -> Sequence[Event]:
        return self._readers.read(lambda db: look.events(db, job_id, viewer, after, limit))

    async def cancel(self, job_id: str, viewer: Viewer, *, actor: str) -> JobRecord | Tombstone | None:
        return await self._writer.write(lambda db: cancel(db, job_id, viewer, actor, self._clock.now()))

    async def retry(self, job_id: str, viewer: Viewer, *, actor: str) -> JobRecord | Tombstone | None:
        return await self._writer.write(lambda db: retry(db, job_id, viewer, actor, self._clock.now()))

    # Workers' side -----------------------------------------------------------------------------------------------

    async def claim(self, worker: str, operations: Collection[str], limit: int) -> Sequence[Claim]:
        if limit <= 0 or not (self._more or self._readers.read(lambda db: anything_due(db, operations, self._clock.now()))):
            return []
        names, lease, grace = self._in_turn(operations), self._settings.lease, self._settings.grace
        claims = await self._writer.write(
            lambda db: claim(db, worker, names, limit, self._clock.now(), self._clock.boot(), lease=lease, grace=grace), "claim"
        )
        self._more = len(claims) == limit
        return claims

    async def heartbeat(self, worker: str, held: Mapping[str, int]) -> Heartbeat:
        return await self._writer.write(lambda db: heartbeat(db, worker, held, self._clock.boot(), self._settings.lease), quiet=True)

    async def keep(self, worker: str) -> int:
        return await self._writer.write(lambda db: keep(db, worker, self._clock.boot(), self._settings.lease), quiet=True)

    async def cancel_requests(self, worker: str) -> frozenset[str]:
        return self._readers.read(lambda db: look.cancel_requests(db, worker))

    async def report(self, claim: Claim, progress: Progress | None, log: Sequence[LogEntry] = ()) -> bool:
        return await self._writer.write(lambda db: report(db, claim, progress, log, self._clock.now()))

    async def checkpoint(self, claim: Claim, data: bytes) -> bool:
        return await self._writer.write(lambda db: checkpoint(db, claim, data), quiet=True)

    async def settle(self, claim: Claim, outcome: Outcome) -> JobRecord | None:
        [job] = await self.settle_all([(claim, outcome)])
        return job

    async def settle_all(self, endings: Sequence[tuple[Claim, Outcome]]) -> Sequence[JobRecord | None]:
        if not endings:
            return []
        return await self._writer.write(lambda db: settle(db, endings, self._clock.now()), "settle")

    async def complete(self, claim: Claim, apply: Callable[[Any], Result]) -> JobRecord | None:
        try:
            return await self._writer.write(lambda db: complete(db, claim, apply, self._clock.now()), "settle")
        except ClaimLost:
            return None

    # Housekeeping ------------------------------------------------------------------------------------------------

    async def holders(self) -> frozenset[str]:
        return self._readers.read(holders)

    async def rescue(self, worker: str | None = None, *, limit: int = 100) -> Sequence[JobRecord]:
        found = self._readers.read(lambda db: stale(db, worker, self._clock.boot(), limit))
        if not found:
            return []
        failpoint("rescue.before_write")
        return await self._writer.write(lambda db: rescue(db, found, worker, self._clock.now(), self._clock.boot()))

    async def prune(self, *, limit: int = 500) -> Pruned:
        jobs, blobs = 0, list[str]()
        while jobs < limit:
            size = min(CHUNK, limit - jobs)
            pruned = await self._writer.write(partial(self._prune_chunk, size), quiet=True)
            jobs += pruned.jobs
            blobs += pruned.blobs
            if pruned.jobs < size:
                break
        forgotten = await self._writer.write(lambda db: forget(db, self._clock.now(), self._clock.boot(), limit=limit), quiet=True)
        return Pruned(jobs, forgotten.tombstones, tuple(blobs), forgotten.given_up)

    async def unreferenced(self, blobs: Collection[str]) -> frozenset[str]:
        return self._readers.read(lambda db: look.unreferenced(db, blobs))

    # Insight -----------------------------------------------------------------------------------------------------

    async def depths(self) -> Mapping[str, Depth]:
        return self._readers.read(insight.depths)

    async def durations(self, operation: str, *, last: int = 100) -> Sequence[float]:
        return self._readers.read(lambda db: insight.durations(db, operation, last))

    async def drained(self, operation: str, *, within: float = 60.0) -> float:
        return self._readers.read(lambda db: insight.drained(db, operation, within, self._clock.now()))

    async def position(self, job_id: str) -> int | None:
        return self._readers.read(lambda db: insight.position(db, job_id))

    async def standing(self, job_ids: Collection[str]) -> Mapping[str, Standing]:
        return self._readers.read(lambda db: insight.standing(db, job_ids))

    # -------------------------------------------------------------------------------------------------------------

    def _prune_chunk(self, size: int, db: apsw.Connection) -> Pruned:
        return prune_jobs(db, self._clock.now(), tombstone=self._settings.tombstone, limit=size)

    def _in_turn(self, operations: Collection[str]) -> Sequence[str]:
        """The operations in order, beginning with another one each time."""
        ordered = sorted(operations)
        self._turn = (self._turn + 1) % len(ordered)
        return ordered[self._turn :] + ordered[: self._turn]
