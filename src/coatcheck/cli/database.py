"""What a SQLite job store is like, read without changing it."""

from pathlib import Path
from typing import Any

import apsw

from coatcheck.errors import StoreUnavailable
from coatcheck.settings import Settings
from coatcheck.store.sqlite.connection import connect_reader
from coatcheck.store.sqlite.failure import refusals_explained
from coatcheck.store.sqlite.identity import Identity, size, write_ahead_log
from coatcheck.store.sqlite.location import sqlite_file
from coatcheck.store.sqlite.migrate import APPLICATION_ID, migrations
from coatcheck.store.sqlite.wal import MANY_BYTES

_SHOWN = 20
"""Damages that are shown at most."""


def schema_of(file: Path) -> int | None:
    """The schema of the file's tables; None where there is no file. Raises StoreUnavailable for what is no store of ours."""
    if not file.exists():
        return None
    with refusals_explained(file):
        db = connect_reader(Identity(file), "full")
        try:
            return _schema(file, db)
        finally:
            db.close()


def examine(file: Path) -> dict[str, Any]:
    """Everything `coatcheck db check` tells. Raises StoreUnavailable where there is no readable store."""
    if not file.exists():
        raise StoreUnavailable(f"There is no job store {file} yet: `coatcheck db upgrade` creates it, as does the first start.")
    with refusals_explained(file):
        db = connect_reader(Identity(file), "full")
        try:
            return _examine(file, db)
        finally:
            db.close()


class SQLiteDatabase:
    """The file that the settings name."""

    def __init__(self, settings: Settings) -> None:
        self._file = sqlite_file(settings.store)

    def __str__(self) -> str:
        return str(self._file)

    @property
    def place(self) -> dict[str, Any]:
        """Where it is, for `--json`."""
        return {"file": str(self._file.resolve())}

    @property
    def known(self) -> int:
        """The newest schema that this version knows."""
        return len(migrations())

    def schema(self) -> int | None:
        """See `schema_of`."""
        return schema_of(self._file)

    def script(self) -> str:
        """The SQL that brings it up to date."""
        return "\n".join(migrations()[self.schema() or 0 :])

    def examine(self) -> dict[str, Any]:
        """See `examine`."""
        return examine(self._file)


def log_size(file: Path) -> int:
    """Bytes of what is committed and not yet copied back into the file."""
    return size(write_ahead_log(file)) or 0


def _examine(file: Path, db: apsw.Connection) -> dict[str, Any]:
    schema, known = _schema(file, db), len(migrations())
    damages = [line for (line,) in db.execute(f"PRAGMA integrity_check({_SHOWN})") if line != "ok"]
    counted = schema == known and not damages
    return {
        "file": str(file.resolve()),
        "bytes": file.stat().st_size,
        "walBytes": log_size(file),
        "logKept": log_size(file) > MANY_BYTES,
        "sqlite": apsw.sqlite_lib_version(),
        "schema": schema,
        "knownSchema": known,
        "damages": damages,
        "jobs": _statuses(db) if counted else {},
        "operations": _depths(db) if counted else {},
    }


def _schema(file: Path, db: apsw.Connection) -> int:
    if db.pragma("application_id") != APPLICATION_ID:
        raise StoreUnavailable(f"{file} is a SQLite database, but no job store; name another file.")
    return int(db.pragma("user_version"))


def _statuses(db: apsw.Connection) -> dict[str, int]:
    found = db.execute("SELECT status, count(*) FROM jobs GROUP BY status ORDER BY status")
    return {str(status): int(number) for status, number in found}


def _depths(db: apsw.Connection) -> dict[str, dict[str, int]]:
    found = db.execute("SELECT operation, queued, running FROM depths WHERE queued > 0 OR running > 0 ORDER BY operation")
    return {operation: {"queued": queued, "running": running} for operation, queued, running in found}
