"""Files that are whole or not there."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from coatcheck import failpoints
from coatcheck.blobs.contract import Blobs
from coatcheck.blobs.directory import CHUNK, BlobDirectory
from coatcheck.clock import SystemClock
from coatcheck.errors import StoreUnavailable
from coatcheck.testing.clock import FakeClock

_ODD_KEYS = [
    "",
    "..",
    "../../etc/passwd",
    "/etc/passwd",
    "a" * 31,
    "a" * 33,
    "A" * 32,
    "g" * 32,
    "a" * 31 + "\n",
    "a" * 32 + "\0",
    "٣" * 32,
    "a" * 1_000_000,
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "coatcheck.db.blobs"


@pytest.fixture
def blobs(folder: Path) -> Blobs:
    return BlobDirectory(folder, SystemClock())


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def _all(blobs: Blobs, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in blobs.read(key, start, end)])


async def test_what_was_written_is_read_back(blobs: Blobs) -> None:
    blob = blobs.write([b"first ", b"", b"second"])
    assert (blob.size, blob.digest) == (12, hashlib.sha256(b"first second").hexdigest())
    assert await _all(blobs, blob.key) == b"first second"
    path = blobs.path(blob.key)
    assert path is not None
    assert path.read_bytes() == b"first second"


async def test_nothing_is_something_too(blobs: Blobs) -> None:
    blob = blobs.write([])
    assert (blob.size, await _all(blobs, blob.key)) == (0, b"")


async def test_ranges_are_read(blobs: Blobs) -> None:
    body = os.urandom(2 * CHUNK + 17)
    key = blobs.write([body]).key
    for start, end in ((0, 10), (5, CHUNK + 7), (CHUNK, None), (len(body) - 1, None), (0, len(body) + 99), (len(body), None), (9, 9)):
        assert await _all(blobs, key, start, end) == body[start:end]


async def test_a_large_blob_comes_in_chunks(blobs: Blobs) -> None:
    key = blobs.write(b"x" * CHUNK for _ in range(5)).key
    assert [len(chunk) async for chunk in blobs.read(key)] == [CHUNK] * 5


async def test_a_file_is_copied_and_stays(blobs: Blobs, tmp_path: Path) -> None:
    source = tmp_path / "report.csv"
    source.write_bytes(b"a,b\n" * 100_000)
    blob = blobs.take(source)
    source.write_bytes(b"changed")
    assert blob.size == 400_000
    assert await _all(blobs, blob.key) == b"a,b\n" * 100_000


def test_a_missing_source_is_the_callers_affair(blobs: Blobs, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        blobs.take(tmp_path / "none")


@pytest.mark.parametrize("key", _ODD_KEYS, ids=range(len(_ODD_KEYS)))
async def test_a_key_that_is_none_is_never_a_path(blobs: Blobs, folder: Path, key: str) -> None:
    """F58: one anchored pattern before any look at the disk."""
    blobs.write([b"x"])
    assert blobs.path(key) is None
    with pytest.raises(FileNotFoundError):
        await _all(blobs, key)
    blobs.delete([key])
    assert len(_files(folder)) == 1


async def test_an_unknown_key_is_not_found(blobs: Blobs) -> None:
    assert blobs.path("ab" * 16) is None
    with pytest.raises(FileNotFoundError):
        await _all(blobs, "ab" * 16)
    blobs.delete(["ab" * 16])


def test_deleted_blobs_are_gone(blobs: Blobs, folder: Path) -> None:
    kept, gone = blobs.write([b"1"]), blobs.write([b"2"])
    blobs.delete(iter([gone.key]))
    assert blobs.path(gone.key) is None
    assert blobs.path(kept.key) is not None
    assert len(_files(folder)) == 1


def test_keys_are_listed_by_age(folder: Path) -> None:
    clock = SystemClock()
    later = FakeClock(clock.now() + 100)
    written = {BlobDirectory(folder, clock).write([b"x"]).key for _ in range(3)}
    assert BlobDirectory(folder, clock).keys(older_than=50) == []
    assert set(BlobDirectory(folder, later).keys(older_than=50)) == written
    (folder / "ab").mkdir(exist_ok=True)
    (folder / "ab" / "notes.txt").write_text("not ours")
    assert set(BlobDirectory(folder, later).keys(older_than=50)) == written


def test_a_directory_that_was_never_written_to_holds_nothing(blobs: Blobs, folder: Path) -> None:
    assert blobs.keys(older_than=0) == []
    assert not folder.exists()


def test_a_source_that_breaks_off_leaves_nothing(blobs: Blobs, folder: Path) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"half"
        raise RuntimeError("the function's own")

    with pytest.raises(RuntimeError, match="the function's own"):
        blobs.write(chunks())
    assert _files(folder) == []


def test_a_disk_that_refuses_leaves_nothing(blobs: Blobs, folder: Path) -> None:
    failpoints.arm("blob.before_rename=oserror")
    with pytest.raises(StoreUnavailable, match=str(folder)):
        blobs.write([b"x"])
    assert _files(folder) == []
    assert blobs.write([b"x"]).size == 1


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable, match="file/blobs cannot be used"):
        BlobDirectory(tmp_path / "file" / "blobs", SystemClock()).write([b"x"])


_DIE_WRITING = """
import sys
from pathlib import Path
from coatcheck import failpoints
from coatcheck.blobs.directory import BlobDirectory
from coatcheck.clock import SystemClock
failpoints.arm("blob.before_rename=kill")
BlobDirectory(Path(sys.argv[1]), SystemClock()).write([b"half a report"])
"""


def test_what_a_crash_left_is_an_orphan_like_any_other(folder: Path) -> None:
    """No key leads to half a file, and the sweep removes it."""
    died = subprocess.run([sys.executable, "-c", _DIE_WRITING, folder], check=False)
    assert died.returncode == -signal.SIGKILL
    [left] = _files(folder)
    sweeper = BlobDirectory(folder, FakeClock(SystemClock().now() + 100))
    [key] = sweeper.keys(older_than=50)
    assert sweeper.path(key) is None
    sweeper.delete([key])
    assert not left.exists()


def test_a_blob_is_durable_before_it_has_a_key(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is synced, then renamed, then its directory synced: in this order (F26, a power cut)."""
    steps: list[str] = []
    sync, rename = os.fsync, Path.rename

    def fsync(descriptor: int) -> None:
        steps.append("directory" if Path(f"/proc/self/fd/{descriptor}").is_dir() else "file")
        sync(descriptor)

    def renamed(path: Path, target: Path) -> Path:
        steps.append("rename")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "rename", renamed)
    blobs.write([b"x"])
    assert steps == ["directory", "directory", "file", "rename", "directory"]  # the first two: its new folders
