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

_REASONS: dict[type[Exception], str] = {
    psycopg.errors.ReadOnlySqlTransaction: "it is a standby; name the primary, or add target_session_attrs=read-write to the URL",
    psycopg.errors.DiskFull: "its disk is full",
    psycopg.errors.QueryCanceled: "it took too long over a statement",
    psycopg.errors.UndefinedTable: "the tables are gone; restore a backup, or run `coatcheck db upgrade` to begin anew",
    psycopg.errors.InsufficientPrivilege: "this role may not use the tables; grant it USAGE on the schema and all rights on what is in it",
    TimeoutError: "it does not answer; see whether it runs and can be reached from here",
}


def reason(error: Exception) -> str:
    """Why the server refused, and what to do."""
    told = next((text for kind, text in _REASONS.items() if isinstance(error, kind)), None)
    return told or " ".join(str(error).split()).rstrip(".") or type(error).__name__


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
