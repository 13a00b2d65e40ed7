"""Connections to the file.

All go through apsw's own SQLite. Another SQLite library on the same file in the same process would, on closing it,
drop the locks that these connections hold, and rows would be lost.
"""

from pathlib import Path

import apsw

from coatcheck.store.sqlite.identity import Identity

BUSY_TIMEOUT = 5.0
"""Seconds to wait for another process's write lock."""
_SYNCHRONOUS = {"full": "FULL", "process": "NORMAL"}
_CACHED_STATEMENTS = 256


def connect(file: Path, durability: str, *, create: bool = False) -> apsw.Connection:
    """A connection for one writer thread or one reading thread.

    It never checkpoints, not even on closing: that is `wal.Checkpoints`' alone.
    """
    flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if create else 0)
    db = apsw.Connection(str(file), flags=flags, statementcachesize=_CACHED_STATEMENTS)
    db.set_busy_timeout(int(BUSY_TIMEOUT * 1000))
    db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    db.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)  # else a statement may be planned anew for each value bound to it
    db.wal_autocheckpoint(0)
    db.execute(f"PRAGMA synchronous = {_SYNCHRONOUS[durability]}")
    db.execute("PRAGMA temp_store = MEMORY")
    return db


def connect_reader(identity: Identity, durability: str) -> apsw.Connection:
    """A connection that only reads.

    Opened for writing all the same: SQLite needs that to share the write-ahead log's index.
    """
    identity.check()
    db = connect(identity.file, durability)
    db.execute("PRAGMA query_only = ON")
    return db
