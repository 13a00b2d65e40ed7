"""From any older schema, or none, to the present one."""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path

import apsw

from coatcheck.errors import ConfigurationError
from coatcheck.store.sqlite.connection import connect
from coatcheck.store.sqlite.failure import REFUSALS, reason
from coatcheck.store.sqlite.file_system import network_file_system
from coatcheck.store.sqlite.identity import size, write_ahead_log

APPLICATION_ID = 0x436F6174
"""Says in the file's header that the file is ours ("Coat")."""


def open_database(file: Path, durability: str) -> apsw.Connection:
    """The writer's connection to the file, created if it is missing, its schema up to date.

    Raises ConfigurationError when this cannot be our store.
    """
    try:
        _refuse_directory(file)
        _refuse_network(file)
        _refuse_emptied(file)
        return _made_ours(file, connect(file, durability, create=True))
    except apsw.NotADBError:
        raise ConfigurationError(f"The job store {file} is not a SQLite database; name another file.") from None
    except REFUSALS as error:
        raise ConfigurationError(f"The job store {file} cannot be opened: {reason(error)}.") from error


@cache
def migrations() -> Sequence[str]:
    """The scripts in order; the n-th leads to schema n."""
    folder = files("coatcheck.store.sqlite").joinpath("schema")
    return [script.read_text("utf-8") for script in sorted(folder.iterdir(), key=lambda entry: entry.name) if script.name.endswith(".sql")]


def checkpoint_lock(file: Path) -> Path:
    """The file whose `flock` is held by whoever opens the store or copies its write-ahead log back."""
    return file.with_name(file.name + ".checkpoint")


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    with checkpoint_lock(file).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _made_ours(file: Path, db: apsw.Connection) -> apsw.Connection:
    try:
        _refuse_foreign(file, db)
        with _alone(file):
            _log_ahead(file, db)
            _bring_up_to_date(file, db, migrations())
    except BaseException:
        db.close()
        raise
    return db


def _refuse_directory(file: Path) -> None:
    if file.is_dir():
        raise ConfigurationError(f"The job store {file} is a directory; name a file, for example sqlite:///{file}/coatcheck.db.")


def _refuse_network(file: Path) -> None:
    if kind := network_file_system(file):
        raise ConfigurationError(
            f"The job store {file} lies on a network file system ({kind}), where SQLite loses jobs: put it on a local disk, or use "
            "PostgreSQL. A store that is there already can be moved with its log and its blobs, while no process has it open."
        )


def _refuse_emptied(file: Path) -> None:
    """Refuse a store that has lost its content: SQLite would take it for a new one and throw its log away."""
    log = write_ahead_log(file)
    logged = size(log)  # asked first: a file has content before it has a log
    if logged is None or (length := size(file)):
        return
    if length == 0 or logged:
        raise ConfigurationError(
            f"The job store {file} was emptied or removed, and its log {log.name} is there still: restore a backup of both, "
            f"or remove {log.name} as well to begin anew."
        )


def _refuse_foreign(file: Path, db: apsw.Connection) -> None:
    if db.readonly("main"):
        raise ConfigurationError(f"The job store {file} is not writable by this user; change its owner or mode, or name another file.")
    # In this order: whoever makes the schema at this moment commits it together with the application's id.
    if db.execute("SELECT count(*) FROM sqlite_schema").fetchall() != [(0,)] and db.pragma("application_id") != APPLICATION_ID:
        raise ConfigurationError(f"The job store {file} is another application's database; name another file.")


def _log_ahead(file: Path, db: apsw.Connection) -> None:
    if db.pragma("journal_mode") != "wal" and db.pragma("journal_mode", "wal") != "wal":
        raise ConfigurationError(f"The job store {file} lies on a file system without write-ahead logging; put it on a local disk.")


def _bring_up_to_date(file: Path, db: apsw.Connection, scripts: Sequence[str]) -> None:
    version = db.pragma("user_version")
    if version > len(scripts):
        raise ConfigurationError(
            f"The job store {file} has schema {version}, and this version of Coatcheck knows {len(scripts)}: install a newer Coatcheck."
        )
    if version < len(scripts):
        _apply(db, scripts)


def _apply(db: apsw.Connection, scripts: Sequence[str]) -> None:
    """Run those scripts that the file has not seen, all or none."""
    db.execute("BEGIN IMMEDIATE")
    with db:
        for script in scripts[db.pragma("user_version") :]:
            db.execute(script)
        db.execute(f"PRAGMA user_version = {len(scripts)}")
        claim_file(db)
    db.execute("COMMIT")


def claim_file(db: apsw.Connection) -> None:
    """Write into the file's header whose it is. Harmless to repeat, and so the least that can be written at all."""
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
