"""Claims that may have been made without anybody's knowing."""

from coatcheck.domain.claim import Claim
from coatcheck.domain.outcome import Released
from coatcheck.store.postgres.connections import Connections
from coatcheck.store.postgres.settle import Ending
from coatcheck.store.rows import job_record
from coatcheck.store.settlement import settlement

_UNCONFIRMED = settlement(Released("The answer to its claim was lost."))


class Doubt:
    """What was handed to workers of this process, so that what was claimed for them and never arrived can be told from it.

    Where a connection ends between a claim's commit and its answer, jobs run in the name of a worker that does not know them;
    whoever keeps that worker's leases would keep these for ever. They are given back before its next claim.
    """

    def __init__(self) -> None:
        self._handed: dict[str, dict[str, int]] = {}
        self._unanswered: set[str] = set()

    def unanswered(self, worker: str) -> None:
        """A claim for `worker` failed, and may have been made."""
        self._unanswered.add(worker)

    def hand(self, claim: Claim) -> None:
        """The claim has arrived."""
        self._handed.setdefault(claim.worker, {})[claim.job_id] = claim.fence

    def drop(self, worker: str, job_id: str, fence: int) -> None:
        """The claim is settled or lost."""
        handed = self._handed.get(worker, {})
        if handed.get(job_id) == fence:
            del handed[job_id]

    async def resolve(self, db: Connections, worker: str) -> None:
        """Give back what runs in the name of `worker` and was never handed to it, if that may be. Raises StoreUnavailable."""
        if worker not in self._unanswered:
            return
        handed = self._handed.get(worker, {})
        held = [job_record(row) for row in await db.fetch("held", {"worker": worker})]
        unknown = [Claim(job=job, worker=worker, fence=job.fence, arguments=b"") for job in held if handed.get(job.id) != job.fence]
        if unknown:
            await db.settler.settle([Ending(claim, _UNCONFIRMED) for claim in unknown])
        self._unanswered.discard(worker)
