"""The right to run a job, for a while."""

import msgspec

from coatcheck.domain.job import JobRecord


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt's right to write to its job.

    Every write made under a claim carries its `fence`, a number that only ever rises: once another claim was given
    for the job, the older one's writes land nowhere.
    """

    job: JobRecord
    worker: str
    fence: int
    arguments: bytes
    checkpoint: bytes | None = None

    @property
    def job_id(self) -> str:
        return self.job.id

    @property
    def attempt(self) -> int:
        return self.job.attempt


class Heartbeat(msgspec.Struct, frozen=True):
    """What a worker learns when it renews its leases."""

    cancel_requested: frozenset[str] = frozenset()
    """Jobs it holds that were asked to stop."""
    lost: frozenset[str] = frozenset()
    """Jobs it believed to hold and no longer does."""
