"""Whether the path still leads to the file that was opened, and whether that is whole."""

import os
from pathlib import Path

import apsw


class Identity:
    """Which file a path led to when it was opened.

    A file that was deleted or replaced under an open store goes on to take writes, and nobody will ever read them. One
    that was cut short goes on to take them, too, beside a hole where jobs were.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        status = _status(file)
        self._found, self._length = _inode(status), status.st_size

    def check(self) -> os.stat_result:
        """Raise OSError unless the path leads to the same file still, which has not been emptied."""
        status = _status(self.file)
        if _inode(status) != self._found:
            raise FileNotFoundError("it was replaced under the open store; restart this process")
        if self._length and not status.st_size:
            raise _truncated()
        return status

    def check_whole(self, db: apsw.Connection) -> None:
        """`check`, and raise OSError if the file has lost its end. For the writer's thread.

        Pages that are not in the file may be in its log, so only one that became shorter is looked into: by VACUUM it may.
        """
        length = self.check().st_size
        if length < self._length and length < db.pragma("page_count") * db.pragma("page_size"):
            raise _truncated()
        self._length = length


def write_ahead_log(file: Path) -> Path:
    """Where SQLite keeps what is committed and not yet copied back."""
    return file.with_name(file.name + "-wal")


def size(file: Path) -> int | None:
    """Bytes of the file; None where there is none."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return None


def _status(file: Path) -> os.stat_result:
    try:
        return file.stat()
    except FileNotFoundError:
        raise FileNotFoundError("the file was removed; restart this process") from None


def _inode(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _truncated() -> OSError:
    return OSError("it was cut short under the open store; stop every process that uses it and restore a backup")
