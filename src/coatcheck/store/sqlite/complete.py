"""Completing a job together with what its function writes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import apsw

from coatcheck.domain.claim import Claim
from coatcheck.domain.job import JobRecord
from coatcheck.domain.outcome import Completed
from coatcheck.domain.result import Result
from coatcheck.store.sqlite.settle import settle
from coatcheck.store.undone import Undone

_NOT_THEIRS = frozenset({apsw.SQLITE_TRANSACTION, apsw.SQLITE_ATTACH, apsw.SQLITE_DETACH})
"""What would end the transaction, which is not the function's alone."""


class ClaimLost(Exception):
    """The claim is no longer ours: what was written is to be rolled back."""


def complete(db: apsw.Connection, claim: Claim, apply: Callable[[Any], Result], now: float) -> JobRecord:
    """Run `apply` and complete the job with the result. Raises ClaimLost, Undone."""
    [job] = settle(db, [(claim, Completed(_applied(db, apply)))], now)
    if job is None:
        raise ClaimLost
    return job


def _applied(db: apsw.Connection, apply: Callable[[Any], Result]) -> Result:
    try:
        with _transaction_kept(db):
            return apply(db)
    except BaseException as error:
        if not db.in_transaction:  # SQLite gave it up, and with it what others had written
            raise
        raise Undone(error) from error


@contextmanager
def _transaction_kept(db: apsw.Connection) -> Iterator[None]:
    db.authorizer = _authorise
    try:
        yield
    finally:
        db.authorizer = None


def _authorise(action: int, *_: str | None) -> int:
    return apsw.SQLITE_DENY if action in _NOT_THEIRS else apsw.SQLITE_OK
