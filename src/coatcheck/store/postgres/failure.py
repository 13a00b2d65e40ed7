"""What PostgreSQL's refusals mean to whoever called."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from coatcheck.errors import StoreUnavailable
from coatcheck.store.postgres.address import Address

REFUSALS = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.InternalError,
    psycopg.errors.UndefinedTable,
    psycopg.errors.InvalidSchemaName,
    psycopg.errors.InsufficientPrivilege,
    TimeoutError,
    OSError,
)
"""Errors that come from the server and the way to it, not from us."""

READ_ONLY = (
    "it takes no writes: it is a standby, or default_transaction_read_only is on; name the primary, or add "
    "target_session_attrs=read-write to the URL"
)
_POOLERS = {
    "unsupported startup parameter": "the URL leads to a pooler; set `pooler` (COATCHECK_POOLER=1)",
    "transaction blocks not allowed": "the pooler lends connections by the statement; set its pool_mode to transaction",
}
"""What PgBouncer says, which has no codes of its own, and what to do."""
_REASONS: dict[type[Exception], str] = {
    psycopg.errors.ReadOnlySqlTransaction: READ_ONLY,
    psycopg.errors.LockNotAvailable: "somebody has locked what a statement needs, for seconds; see pg_locks",
    psycopg.errors.DiskFull: "its disk is full",
    psycopg.errors.QueryCanceled: "it took too long over a statement",
    psycopg.errors.UndefinedTable: "the tables are gone; restore a backup, or run `coatcheck db upgrade` to begin anew",
    psycopg.errors.InsufficientPrivilege: "this role may not use the tables; grant it USAGE on the schema and all rights on what is in it",
    TimeoutError: "it does not answer; see whether it runs and can be reached from here",
}


def reason(error: Exception) -> str:
    """Why the server refused, and what to do."""
    said = first_line(error)
    told = [text for kind, text in _REASONS.items() if isinstance(error, kind)]
    told += [f"{text} ({said})" for part, text in _POOLERS.items() if part in said]
    return told[0] if told else said


def first_line(error: Exception) -> str:
    """What the server or the driver said, without the advice and the statement that follow."""
    return next(iter(str(error).splitlines()), "").rstrip(". ") or type(error).__name__


def unavailable(address: Address, why: str) -> StoreUnavailable:
    """The error to raise where the server refused."""
    return StoreUnavailable(f"The job store {address} is unavailable: {why}. Try again.", retry_after=5.0)


@contextmanager
def refusals_explained(address: Address) -> Iterator[None]:
    """Turn a refusal inside the block into StoreUnavailable."""
    try:
        yield
    except REFUSALS as error:
        raise unavailable(address, reason(error)) from error
