"""Whether there is a place for what is to be stored."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from coatcheck.domain.job import Submission
from coatcheck.errors import CoatcheckError
from coatcheck.store.bounds import Bound, Scope, bounds
from coatcheck.store.postgres.address import Address
from coatcheck.store.postgres.columns import Integers, Texts
from coatcheck.store.postgres.moment import Moments
from coatcheck.store.postgres.statement import statement
from coatcheck.store.postgres.stored import Fetch

SHARE = 8
"""Of the places that were free when it was counted, one in so many is given away uncounted: others may do the same."""
FRESH = 1.0
"""Seconds for which a count is believed."""


class Room:
    """Places in queues, as one event loop knows them.

    Counting a queue costs more than storing a job, and has to be done alone. So one count pays for many jobs while the queue is
    far from its bound, and for none where it is full. One event loop keeps the bound exactly; each of several may pass it by its
    share. What is counted exactly, an owner's jobs, is never known here.
    """

    def __init__(self) -> None:
        self._places: dict[Scope, tuple[float, int]] = {}

    def to_count(self, submissions: Sequence[Submission]) -> list[Bound]:
        """Bounds that must be counted before these are stored; of all others, the places are taken."""
        wanted = Counter(bound for submission in submissions for bound in bounds(submission))
        return [bound for bound, count in wanted.items() if not self._take(bound.scope, count)]

    def note(self, bound: Bound, free: int) -> None:
        """There were `free` places just now."""
        if not bound.scope.exact:
            self._places[bound.scope] = asyncio.get_running_loop().time() + FRESH, max(0, free) // SHARE

    def _take(self, scope: Scope, wanted: int) -> bool:
        until, places = self._places.get(scope, (0.0, 0))
        if wanted > places or asyncio.get_running_loop().time() > until:
            return False
        self._places[scope] = until, places - wanted
        return True


class Count:
    """How many jobs there are in some scopes, and which submissions need no place since they are there already."""

    def __init__(self, counted: Sequence[Bound], rows: Sequence[Sequence[Any]]) -> None:
        [(there, counts)] = rows
        self._there = frozenset(there)
        self.jobs: dict[Scope, int] = {}
        for bound, jobs in zip(counted, counts, strict=True):
            self.jobs[bound.scope] = max(jobs, self.jobs.get(bound.scope, 0))

    def admit(self, submission: Submission) -> CoatcheckError | None:
        """Count a submission in, or tell why there is no place for it."""
        if submission.id in self._there:
            return None
        counted = [bound for bound in bounds(submission) if bound.scope in self.jobs]
        for bound in counted:
            if self.jobs[bound.scope] >= bound.limit:
                return bound.refusal()
        for bound in counted:
            self.jobs[bound.scope] += 1
        return None


async def count(fetch: Fetch, address: Address, moments: Moments, submissions: Sequence[Submission], counted: Sequence[Bound]) -> Count:
    """Count the jobs in the scopes of `counted`, each up to its bound."""
    parameters = {
        "id": Texts(submission.id for submission in submissions),
        "owner": Texts(submission.owner for submission in submissions),
        "operation": Texts(submission.operation for submission in submissions),
        "idempotency_key": Texts(submission.idempotency_key for submission in submissions),
        "scope_operation": Texts(bound.scope.operation for bound in counted),
        "scope_owner": Texts(bound.scope.owner for bound in counted),
        "scope_bound": Integers(bound.limit for bound in counted),
    }
    return Count(counted, await fetch(statement("room", address.schema), parameters | moments.now()))


def names(counted: Iterable[Bound]) -> Mapping[str, Texts]:
    """The parameters of the statement `alone`."""
    return {"scopes": Texts(_name(bound.scope) for bound in counted)}


def _name(scope: Scope) -> str:
    operation = scope.operation or ""
    return operation if scope.owner is None else f"{operation}@{scope.owner}"
