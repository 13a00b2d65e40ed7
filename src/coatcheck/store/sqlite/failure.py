"""What SQLite's refusals mean to whoever called."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from coatcheck.errors import StoreUnavailable

REFUSALS = (
    apsw.BusyError,
    apsw.LockedError,
    apsw.FullError,
    apsw.IOError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.NoMemError,
    apsw.ProtocolError,
    apsw.PermissionsError,
    apsw.ConnectionClosedError,
    OSError,
)
"""Errors that come from the file and its surroundings, not from us."""

_REASONS: dict[type[Exception], str] = {
    apsw.BusyError: "another process kept the write lock too long",
    apsw.FullError: "the disk is full",
    apsw.ReadOnlyError: "the file or its directory is not writable",
    apsw.CantOpenError: "the file cannot be opened; its directory must exist, and both must be writable by this user",
    PermissionError: "the file cannot be opened; its directory must exist, and both must be writable by this user",
    apsw.CorruptError: "the file is damaged; restore a backup",
    apsw.NotADBError: "the file is damaged or was replaced; restore a backup",
}


def reason(error: Exception) -> str:
    """Why SQLite or the system refused, and what to do."""
    return next((text for kind, text in _REASONS.items() if isinstance(error, kind)), str(error) or type(error).__name__)


def unavailable(file: Path, error: Exception) -> StoreUnavailable:
    """The error to raise where SQLite or the system refused."""
    return StoreUnavailable(f"The job store {file} is unavailable: {reason(error)}. Nothing was accepted; try again.", retry_after=5.0)


@contextmanager
def refusals_explained(file: Path) -> Iterator[None]:
    """Turn a refusal inside the block into StoreUnavailable."""
    try:
        yield
    except REFUSALS as error:
        raise unavailable(file, error) from error
