"""Storing jobs, many at once."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from coatcheck.domain.event import EventType
from coatcheck.domain.job import JobRecord, Submission
from coatcheck.domain.result import INLINE_LIMIT
from coatcheck.domain.state import Status
from coatcheck.errors import IdempotencyKeyReused, JobExpired, QueueFull, StoreUnavailable
from coatcheck.failpoints import failpoint
from coatcheck.store.contract import IDEMPOTENCY_TTL, Submitted
from coatcheck.store.postgres.address import Address
from coatcheck.store.postgres.columns import Blobs, Floats, Integers, Texts
from coatcheck.store.postgres.failure import refusals_explained
from coatcheck.store.postgres.moment import Moments
from coatcheck.store.postgres.pool import Pool, fetch
from coatcheck.store.postgres.room import Room
from coatcheck.store.postgres.statement import statement
from coatcheck.store.rows import JOB_WIDTH, Row, job_record, result_of

AGAIN_WITHIN = 1.0
"""Seconds after which a submission whose commit was not confirmed is not repeated: its caller has waited enough."""


class _Stored:
    """What a statement did: the ids that are `new`, the ids that were `refused`, and how many were `queued` before where it counted."""

    def __init__(self, submissions: Sequence[Submission], rows: Sequence[Row]) -> None:
        [(self.now, numbers, stored, considered, operations, queued)] = rows
        stored, considered = set(stored), set(considered)
        self.new = {submission.id for submission, seq in zip(submissions, numbers, strict=True) if seq in stored}
        self.refused = {submission.id for submission, seq in zip(submissions, numbers, strict=True) if seq not in considered}
        self.queued: dict[str, int] = dict(zip(operations, queued, strict=True))


class Submitter:
    """Stores submissions of one event loop."""

    def __init__(self, pool: Pool, address: Address, moments: Moments) -> None:
        self._pool, self._address, self._moments = pool, address, moments
        self._room = Room()

    async def store(self, submissions: Sequence[Submission]) -> Sequence[Submitted | Exception]:
        """Store all in one transaction; what became of each."""
        first, later = _apart(submissions)
        with refusals_explained(self._address):
            failpoint("submit.before_commit")
            stored = await self._confirmed(first)
            failpoint("submit.after_commit")
        answers = {submission.id: await self._answer(submission, stored) for submission in first}
        answers |= {submission.id: await self._earlier(submission) for submission in later}
        return [answers[submission.id] for submission in submissions]

    async def _confirmed(self, submissions: Sequence[Submission]) -> _Stored:
        """Store them; once more if the connection was lost, for then nobody knows whether they are stored. No id is stored twice."""
        time = asyncio.get_running_loop().time
        began = time()
        try:
            return await self._insert(submissions)
        except StoreUnavailable:
            if time() - began > AGAIN_WITHIN:
                raise
            return await self._insert(submissions)

    async def _insert(self, submissions: Sequence[Submission]) -> _Stored:
        wanted = Counter(submission.operation for submission in submissions)
        counted = sorted(operation for operation, count in wanted.items() if not self._room.take(operation, count))
        parameters = _columns(submissions, counted) | self._moments.now()
        sql = statement("submit", self._address.schema)
        if not counted:
            return _Stored(submissions, await self._pool.fetch(sql, parameters))
        async with self._pool.connection() as db, db.transaction():
            await fetch(db, statement("alone", self._address.schema), {"operations": Texts(counted)})
            stored = _Stored(submissions, await fetch(db, sql, parameters))
        bounds = {submission.operation: submission.queue_bound for submission in submissions}
        for operation, queued in stored.queued.items():
            self._room.count(operation, bounds[operation] - queued - wanted[operation])
        return stored

    async def _answer(self, submission: Submission, stored: _Stored) -> Submitted | Exception:
        if submission.id in stored.new:
            return Submitted(_record(submission, stored.now), replayed=False)
        if submission.id in stored.refused:
            return QueueFull(
                f"{submission.queue_bound} jobs of {submission.operation!r} are waiting already. Nothing was accepted; try again later."
            )
        return await self._earlier(submission)

    async def _earlier(self, submission: Submission) -> Submitted | Exception:
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
        rows = await self._pool.fetch(statement(name, self._address.schema), parameters | self._moments.now())
        return rows[0] if rows else None


def _apart(submissions: Sequence[Submission]) -> tuple[list[Submission], list[Submission]]:
    """The first of each key, and those that come with a key already seen: one statement stores a key once."""
    seen: set[tuple[str, str, str]] = set()
    first: list[Submission] = []
    later: list[Submission] = []
    for submission in submissions:
        key = submission.idempotency_key
        scoped = None if key is None else (submission.owner, submission.operation, key)
        (later if scoped in seen else first).append(submission)
        if scoped is not None:
            seen.add(scoped)
    return first, later


def _columns(submissions: Sequence[Submission], counted: Sequence[str]) -> dict[str, Any]:
    return {
        "id": Texts(map(_id, submissions)),
        "owner": Texts(submission.owner for submission in submissions),
        "operation": Texts(submission.operation for submission in submissions),
        "arguments": Blobs(submission.arguments for submission in submissions),
        "max_attempts": Integers(submission.max_attempts for submission in submissions),
        "timeout": Floats(submission.timeout for submission in submissions),
        "ttl": Floats(submission.ttl for submission in submissions),
        "delay": Floats(submission.delay for submission in submissions),
        "queue_bound": Integers(submission.queue_bound if submission.operation in counted else None for submission in submissions),
        "idempotency_key": Texts(submission.idempotency_key for submission in submissions),
        "fingerprint": Blobs(submission.fingerprint for submission in submissions),
        "key_ttl": IDEMPOTENCY_TTL,
        "status": Status.QUEUED.value,
        "event": EventType.ACCEPTED.value,
    }


def _record(submission: Submission, now: float) -> JobRecord:
    return JobRecord(
        id=submission.id,
        owner=submission.owner,
        operation=submission.operation,
        status=Status.QUEUED,
        version=1,
        last_event=1,
        created_at=now,
        not_before=now + submission.delay,
        max_attempts=submission.max_attempts,
        timeout=submission.timeout,
    )


def _id(submission: Submission) -> str:
    return submission.id
