"""The PostgreSQL store: the contract, verb by verb."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from weakref import WeakSet

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
from coatcheck.store.postgres import complete, insight, look
from coatcheck.store.postgres.cancel import cancel
from coatcheck.store.postgres.claim import claim
from coatcheck.store.postgres.doubt import Doubt
from coatcheck.store.postgres.enlist import CallersConnection, Enlisted, check_identity, enlist, submit_within
from coatcheck.store.postgres.failure import refusals_explained
from coatcheck.store.postgres.lease import cancel_requests, heartbeat, keep
from coatcheck.store.postgres.prune import prune
from coatcheck.store.postgres.report import checkpoint, report
from coatcheck.store.postgres.rescue import holders, rescue
from coatcheck.store.postgres.retry import retry
from coatcheck.store.postgres.settle import Ending
from coatcheck.store.postgres.webhooks import PostgresWebhooks
from coatcheck.store.settlement import settlement
from coatcheck.telemetry import Telemetry


class PostgresStore(PostgresWebhooks):
    """Jobs in one PostgreSQL schema: `coatcheck.store.contract.Store`, `coatcheck.store.insight.Insight`, and all that webhooks need.

    Each verb is one statement, and so one transaction, or a look and a statement that changes nothing if the look was late.
    Submissions that wait together share a statement.
    """

    def __init__(self, settings: Settings, clock: Clock, telemetry: Telemetry) -> None:
        super().__init__(settings, clock, telemetry)
        self._doubt = Doubt()
        self._turn = 0
        self._known: WeakSet[CallersConnection] = WeakSet()
        """Connections of callers, found to lead here."""

    # Clients' side -----------------------------------------------------------------------------------------------

    async def submit(self, submission: Submission, within: object = None) -> Submitted:
        if within is not None:
            return await submit_within(await self._enlist(within), submission, self._address, self._moments)
        submitted = await self._db.submissions.add(submission)
        self._watch.ring()
        return submitted

    async def get(self, job_id: str, viewer: Viewer) -> JobRecord | Tombstone | None:
        return await look.get(self._db, job_id, viewer)

    async def result(self, job_id: str, viewer: Viewer) -> Result | None:
        return await look.result(self._db, job_id, viewer)

    async def list(self, viewer: Viewer, listing: Listing) -> Sequence[JobRecord]:
        return await look.list_jobs(self._db, viewer, listing)

    async def events(self, job_id: str, viewer: Viewer, *, after: int = 0, limit: int = 1000) -> Sequence[Event]:
        return await look.events(self._db, job_id, viewer, after, limit)

    async def cancel(self, job_id: str, viewer: Viewer, *, actor: str) -> JobRecord | Tombstone | None:
        job = await cancel(self._db, job_id, viewer, actor)
        self._watch.ring()
        return job

    async def retry(self, job_id: str, viewer: Viewer, *, actor: str) -> JobRecord | Tombstone | None:
        job = await retry(self._db, job_id, viewer, actor)
        self._watch.ring()
        return job

    # Workers' side -----------------------------------------------------------------------------------------------

    async def claim(self, worker: str, operations: Collection[str], limit: int) -> Sequence[Claim]:
        if limit <= 0 or not operations:
            return []
        await self._doubt.resolve(self._db, worker)
        lease, grace = self._settings.lease, self._settings.grace
        try:
            with refusals_explained(self._address):
                failpoint("claim.before_commit")
                claims = await claim(self._db, worker, self._in_turn(operations), limit, lease=lease, grace=grace)
                failpoint("claim.after_commit")
        except BaseException:
            self._doubt.unanswered(worker)
            raise
        for made in claims:
            self._doubt.hand(made)
        return claims

    async def heartbeat(self, worker: str, held: Mapping[str, int]) -> Heartbeat:
        beat = await heartbeat(self._db, worker, held, self._settings.lease)
        for job_id in beat.lost:
            self._doubt.drop(worker, job_id, held[job_id])
        return beat

    async def keep(self, worker: str) -> int:
        return await keep(self._db, worker, self._settings.lease)

    async def cancel_requests(self, worker: str) -> frozenset[str]:
        return await cancel_requests(self._db, worker)

    async def report(self, claim: Claim, progress: Progress | None, log: Sequence[LogEntry] = ()) -> bool:
        return await report(self._db, claim, progress, log)

    async def checkpoint(self, claim: Claim, data: bytes) -> bool:
        return await checkpoint(self._db, claim, data)

    async def settle(self, claim: Claim, outcome: Outcome) -> JobRecord | None:
        [job] = await self.settle_all([(claim, outcome)])
        return job

    async def settle_all(self, endings: Sequence[tuple[Claim, Outcome]]) -> Sequence[JobRecord | None]:
        if not endings:
            return []
        settled = await self._db.settler.settle([Ending(claim, settlement(outcome)) for claim, outcome in endings])
        for held, _ in endings:
            self._doubt.drop(held.worker, held.job_id, held.fence)
        return settled

    async def complete(self, claim: Claim, apply: Callable[[Any], Result]) -> JobRecord | None:
        completed = await asyncio.wrap_future(complete.begin(self._address, self._moments, claim, apply))
        self._doubt.drop(claim.worker, claim.job_id, claim.fence)
        if completed is not None:
            self._watch.ring()
        return completed

    # Housekeeping ------------------------------------------------------------------------------------------------

    async def holders(self) -> frozenset[str]:
        return await holders(self._db)

    async def rescue(self, worker: str | None = None, *, limit: int = 100) -> Sequence[JobRecord]:
        with refusals_explained(self._address):
            rescued = await rescue(self._db, worker, limit)
        if rescued:
            self._watch.ring()
        return rescued

    async def prune(self, *, limit: int = 500) -> Pruned:
        return await prune(self._db, limit, self._settings.tombstone)

    async def unreferenced(self, blobs: Collection[str]) -> frozenset[str]:
        return await look.unreferenced(self._db, blobs)

    # Insight -----------------------------------------------------------------------------------------------------

    async def depths(self) -> Mapping[str, Depth]:
        return await insight.depths(self._db)

    async def durations(self, operation: str, *, last: int = 100) -> Sequence[float]:
        return await insight.durations(self._db, operation, last)

    async def drained(self, operation: str, *, within: float = 60.0) -> float:
        return await insight.drained(self._db, operation, within)

    async def position(self, job_id: str) -> int | None:
        return await insight.position(self._db, job_id)

    async def standing(self, job_ids: Collection[str]) -> Mapping[str, Standing]:
        return await insight.standing(self._db, job_ids)

    # -------------------------------------------------------------------------------------------------------------

    async def _enlist(self, connection: object) -> Enlisted:
        enlisted = await enlist(connection)
        if enlisted.connection not in self._known:
            await check_identity(enlisted, self._db.requests, self._address)
            self._known.add(enlisted.connection)
        return enlisted

    def _in_turn(self, operations: Collection[str]) -> Sequence[str]:
        """The operations in order, beginning with another one each time."""
        ordered = sorted(operations)
        self._turn = (self._turn + 1) % len(ordered)
        return ordered[self._turn :] + ordered[: self._turn]
