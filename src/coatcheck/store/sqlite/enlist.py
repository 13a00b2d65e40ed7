"""Writing in a transaction of the caller's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from coatcheck.errors import ConfigurationError


@contextmanager
def enlisted(connection: object, file: Path) -> Iterator[apsw.Connection]:
    """The caller's connection, for the block: what is written there is part of its transaction, or, should it raise, undone.

    Raises ConfigurationError unless it leads to `file` and has a transaction open.
    """
    db = _checked(connection, file)
    trace, db.row_trace = db.row_trace, None  # else the rows would come as the caller likes them
    try:
        with db:
            yield db
    finally:
        db.row_trace = trace


def _checked(connection: object, file: Path) -> apsw.Connection:
    if not isinstance(connection, apsw.Connection):
        raise ConfigurationError(
            f"connection: a {type(connection).__module__}.{type(connection).__qualname__} cannot be used here. The jobs are in SQLite; "
            "pass an apsw.Connection. Any other SQLite library on the same file in one process would drop the locks that protect it."
        )
    if not _leads_to(connection.db_filename("main"), file):
        raise ConfigurationError(
            f"connection: it leads to {connection.db_filename('main') or 'no file'!r}, and the jobs are in {str(file)!r}. "
            "One transaction is in one file: keep your tables there, too."
        )
    if not connection.in_transaction:
        raise ConfigurationError("connection: no transaction is open there. Begin one (BEGIN IMMEDIATE), submit, then commit.")
    return connection


def _leads_to(name: str, file: Path) -> bool:
    try:
        return bool(name) and Path(name).samefile(file)
    except FileNotFoundError:
        return False
