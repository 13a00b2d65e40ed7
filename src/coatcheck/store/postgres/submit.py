"""Storing jobs, many at once."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from coatcheck.domain.delivery import target_of
from coatcheck.domain.event import EventType
from coatcheck.domain.job import Submission
from coatcheck.domain.state import Status
from coatcheck.errors import StoreUnavailable
from coatcheck.failpoints import failpoint
from coatcheck.store.contract import IDEMPOTENCY_TTL, Submitted
from coatcheck.store.postgres.address import Address
from coatcheck.store.postgres.columns import Blobs, Floats, Integers, Texts
from coatcheck.store.postgres.failure import refusals_explained
from coatcheck.store.postgres.moment import Moments
from coatcheck.store.postgres.pool import Pool, fetch
from coatcheck.store.postgres.position import COUNTED
from coatcheck.store.postgres.room import Room, count, names
from coatcheck.store.postgres.statement import statement
from coatcheck.store.postgres.stored import Answers, Stored

AGAIN_WITHIN = 1.0
"""Seconds after which a submission whose commit was not confirmed is not repeated: its caller has waited enough."""


class Submitter:
    """Stores submissions of one event loop."""

    def __init__(self, pool: Pool, address: Address, moments: Moments) -> None:
        self._pool, self._address, self._moments = pool, address, moments
        self._answers = Answers(pool.fetch, address, moments)
        self._room = Room()

    async def store(self, submissions: Sequence[Submission]) -> Sequence[Submitted | Exception]:
        """Store all in one transaction; what became of each."""
        first, later = _apart(submissions)
        with refusals_explained(self._address):
            failpoint("submit.before_commit")
            stored = await self._confirmed(first)
            failpoint("submit.after_commit")
        answers = {submission.id: await self._answers.to(submission, stored) for submission in first}
        answers |= {submission.id: await self._answers.earlier(submission) for submission in later}
        return [answers[submission.id] for submission in submissions]

    async def _confirmed(self, submissions: Sequence[Submission]) -> Stored:
        """Store them; once more if the connection was lost, for then nobody knows whether they are stored. No id is stored twice."""
        time = asyncio.get_running_loop().time
        began = time()
        try:
            return await self._insert(submissions)
        except StoreUnavailable:
            if time() - began > AGAIN_WITHIN:
                raise
            return await self._insert(submissions)

    async def _insert(self, submissions: Sequence[Submission]) -> Stored:
        counted = self._room.to_count(submissions)
        if not counted:
            return Stored(submissions, await self._pool.fetch(*self._statement(submissions)))
        async with self._pool.connection() as db, db.transaction():
            await fetch(db, statement("alone", self._address.schema), names(counted))
            there = await count(partial(fetch, db), self._address, self._moments, submissions, counted)
            refused = {submission.id: error for submission in submissions if (error := there.admit(submission))}
            admitted = [submission for submission in submissions if submission.id not in refused]
            stored = Stored(admitted, await fetch(db, *self._statement(admitted)), refused)
        for bound in counted:
            self._room.note(bound, bound.limit - there.jobs[bound.scope])
        return stored

    def _statement(self, submissions: Sequence[Submission]) -> tuple[str, Mapping[str, Any]]:
        return statement("submit", self._address.schema), columns(submissions) | self._moments.now()


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


def columns(submissions: Sequence[Submission]) -> dict[str, Any]:
    """The parameters of the statement `submit`."""
    callbacks = [(submission, url) for submission in submissions if (url := submission.webhook_url) is not None]
    return {
        "id": Texts(map(_id, submissions)),
        "owner": Texts(submission.owner for submission in submissions),
        "operation": Texts(submission.operation for submission in submissions),
        "arguments": Blobs(submission.arguments for submission in submissions),
        "max_attempts": Integers(submission.max_attempts for submission in submissions),
        "timeout": Floats(submission.timeout for submission in submissions),
        "ttl": Floats(submission.ttl for submission in submissions),
        "delay": Floats(submission.delay for submission in submissions),
        "idempotency_key": Texts(submission.idempotency_key for submission in submissions),
        "traceparent": Texts(submission.traceparent for submission in submissions),
        "fingerprint": Blobs(submission.fingerprint for submission in submissions),
        "input_of": Texts(submission.id for submission in submissions for _ in submission.blobs),
        "input": Texts(blob for submission in submissions for blob in submission.blobs),
        "callback_of": Texts(submission.id for submission, _ in callbacks),
        "callback": Texts(url for _, url in callbacks),
        "callback_target": Texts(target_of(url, submission.owner) for submission, url in callbacks),
        "key_ttl": IDEMPOTENCY_TTL,
        "status": Status.QUEUED.value,
        "event": EventType.ACCEPTED.value,
        "counted": COUNTED,
    }


def _id(submission: Submission) -> str:
    return submission.id
