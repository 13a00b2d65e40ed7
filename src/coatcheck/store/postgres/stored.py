"""What became of submissions."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from coatcheck.domain.job import Submission
from coatcheck.domain.result import INLINE_LIMIT
from coatcheck.errors import IdempotencyKeyReused, JobExpired, StoreUnavailable
from coatcheck.store.contract import Submitted
from coatcheck.store.postgres.address import Address
from coatcheck.store.postgres.moment import Moments
from coatcheck.store.postgres.position import COUNTED, estimated
from coatcheck.store.postgres.statement import statement
from coatcheck.store.rows import JOB_WIDTH, Row, job_record, result_of

Fetch = Callable[[str, Mapping[str, Any]], Awaitable[list[Row]]]
"""Runs a statement; all its rows."""


_NONE: Mapping[str, Exception] = MappingProxyType({})


class Stored:
    """What a statement did, at the moment `now`; and why others were `refused` before."""

    def __init__(self, submissions: Sequence[Submission], rows: Sequence[Row], refused: Mapping[str, Exception] = _NONE) -> None:
        [(self.now, numbers, stored, queues)] = rows
        self.refused = refused
        there = set(stored)
        self.new = dict(_ahead([(new, seq) for new, seq in zip(submissions, numbers, strict=True) if seq in there], queues))
        """Ids that were stored, and how many jobs are ahead of each; None where that was not counted."""


def _ahead(stored: Sequence[tuple[Submission, int]], queues: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str, int | None]]:
    """`queues` are the jobs that were counted in each, with the first and the last number; it grows by those that were stored."""
    joined = Counter[str]()
    for submission, seq in stored:
        if submission.delay:
            yield submission.id, None
        else:
            counted, first, last = queues[submission.operation]
            yield submission.id, counted + joined[submission.operation] if counted < COUNTED else estimated(seq, counted, first, last)
            joined[submission.operation] += 1


class Answers:
    """Tells each submission what became of it. `fetch` sees what the statement wrote."""

    def __init__(self, fetch: Fetch, address: Address, moments: Moments) -> None:
        self._fetch, self._address, self._moments = fetch, address, moments

    async def to(self, submission: Submission, stored: Stored) -> Submitted | Exception:
        """The job, new or of the same key; or why there is none."""
        if submission.id in stored.new:
            return Submitted(submission.accepted(stored.now), replayed=False, ahead=stored.new[submission.id])
        if submission.id in stored.refused:
            return stored.refused[submission.id]
        return await self.earlier(submission)

    async def earlier(self, submission: Submission) -> Submitted | Exception:
        """The job that the key led to, or that was stored under this very id."""
        try:
            return await self._find(submission)
        except Exception as error:  # noqa: BLE001  its caller gets it
            return error

    async def _find(self, submission: Submission) -> Submitted:
        job_id: str | None = submission.id
        if submission.idempotency_key is not None:
            found = await self._first(
                "find_key", owner=submission.owner, operation=submission.operation, idempotency_key=submission.idempotency_key
            )
            if found is not None:
                fingerprint, job_id = found
                if fingerprint != submission.fingerprint:
                    raise IdempotencyKeyReused
        row = job_id and await self._first("get", id=job_id, viewer=submission.owner, inline_limit=INLINE_LIMIT)
        if row:
            return Submitted(job_record(row, result_of(row[JOB_WIDTH:])), replayed=job_id != submission.id)
        if job_id == submission.id:  # the key has run out at this moment
            raise StoreUnavailable
        raise JobExpired("The job of this Idempotency-Key ended and its record has been removed; send a new key to have it done again.")

    async def _first(self, name: str, **parameters: Any) -> Row | None:
        rows = await self._fetch(statement(name, self._address.schema), parameters | self._moments.now())
        return rows[0] if rows else None
