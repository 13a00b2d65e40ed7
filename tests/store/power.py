"""A disk whose power can be cut: what was written and not synced is gone.

Like a disk, it may keep any of the unsynced writes; this one keeps none, or only the newest of each file, which is the
worst for who relies on their order.
"""

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import apsw

Change = tuple[int, bytes | None]
"""Offset and bytes of a write; size and None of a truncation."""
_NUMBERS = itertools.count(1)


class Disk(apsw.VFS):
    """SQLite's own file system, which remembers what each file was at its last sync, and what was done to it since.

    It becomes the default one.
    """

    def __init__(self) -> None:
        self.name = f"power-{next(_NUMBERS)}"
        self.synced: dict[str, bytes] = {}
        self.unsynced: dict[str, list[Change]] = {}
        super().__init__(self.name, "unix", makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> "apsw.VFSFile":  # noqa: N802  SQLite's name
        return _File(self, name, flags)

    def xDelete(self, name: str, sync: bool) -> None:  # noqa: N802, FBT001
        super().xDelete(name, sync)
        self.synced.pop(name, None)

    def after_power_cut(self, folder: Path, *, keep_newest: bool = False) -> Path:
        """The database as it is found after the power came back, copied to `folder`."""
        found = folder / "coatcheck.db"
        for name, content in self.synced.items():
            newest = list(self.unsynced[name])[-1:] if keep_newest else []
            found.with_name(found.name + name.partition(".db")[2]).write_bytes(_with(content, newest))
        return found


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        super().__init__("unix", name, flags)
        self._disk = disk
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else name
        if self._name:
            disk.synced.setdefault(self._name, Path(self._name).read_bytes())
            disk.unsynced.setdefault(self._name, [])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        super().xWrite(data, offset)
        if self._name:
            self._disk.unsynced[self._name].append((offset, bytes(data)))

    def xTruncate(self, size: int) -> None:  # noqa: N802
        super().xTruncate(size)
        if self._name:
            self._disk.unsynced[self._name].append((size, None))

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        if self._name:
            self._disk.synced[self._name] = _with(self._disk.synced[self._name], self._disk.unsynced[self._name])
            self._disk.unsynced[self._name].clear()


def _with(content: bytes, changes: Iterable[Change]) -> bytes:
    for offset, data in changes:
        before = content[:offset].ljust(offset, b"\0")
        content = before if data is None else before + data + content[offset + len(data) :]
    return content
