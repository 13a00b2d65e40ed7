"""Completing a job together with what its function writes."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from coatcheck.domain.claim import Claim
from coatcheck.domain.job import JobRecord
from coatcheck.domain.outcome import Completed
from coatcheck.domain.result import Result
from coatcheck.failpoints import failpoint
from coatcheck.store.postgres.address import Address
from coatcheck.store.postgres.enlist import fetch_blocking
from coatcheck.store.postgres.failure import refusals_explained
from coatcheck.store.postgres.moment import Moments
from coatcheck.store.postgres.settle import Ending, columns
from coatcheck.store.postgres.statement import statement
from coatcheck.store.rows import inline, job_record
from coatcheck.store.settlement import settlement
from coatcheck.store.undone import Undone


def begin(address: Address, moments: Moments, claim: Claim, apply: Callable[[Any], Result]) -> Future[JobRecord | None]:
    """Run `apply` and complete the job with the result, on a connection and in a thread made for it. Raises StoreUnavailable, Undone."""
    future: Future[JobRecord | None] = Future()
    future.set_running_or_notify_cancel()

    def work() -> None:
        try:
            with refusals_explained(address), address.connect_plainly() as db:
                job = _complete(db, address, moments, claim, apply)
        except BaseException as error:  # noqa: BLE001  whoever waits gets it
            future.set_exception(error)
        else:
            future.set_result(job)

    Thread(target=work, name="coatcheck-transaction", daemon=True).start()
    return future


def _complete(
    db: psycopg.Connection[Any], address: Address, moments: Moments, claim: Claim, apply: Callable[[Any], Result]
) -> JobRecord | None:
    try:
        return _completed(db, address, moments, claim, apply)
    except psycopg.errors.IdleInTransactionSessionTimeout as error:  # the database's owner allows no pause as long as `apply` made
        raise Undone(error) from error


def _completed(
    db: psycopg.Connection[Any], address: Address, moments: Moments, claim: Claim, apply: Callable[[Any], Result]
) -> JobRecord | None:
    job = None
    with db.transaction():
        result = _applied(db, apply)
        if db.info.transaction_status != TransactionStatus.INTRANS:
            raise Undone(RuntimeError("The transaction of job.transaction() was ended, or has failed, inside it: nothing was completed."))
        parameters = columns([Ending(claim, settlement(Completed(result)))]) | moments.now()
        rows = fetch_blocking(db, statement("settle", address.schema), parameters)
        if not rows:
            raise psycopg.Rollback
        job = job_record(rows[0], inline(result))
        failpoint("settle.before_commit")
    failpoint("settle.after_commit")
    return job


def _applied(db: psycopg.Connection[Any], apply: Callable[[Any], Result]) -> Result:
    try:
        return apply(db)
    except psycopg.Error as error:
        if db.closed:
            raise  # not the function's doing
        raise Undone(error) from error
    except BaseException as error:
        raise Undone(error) from error
