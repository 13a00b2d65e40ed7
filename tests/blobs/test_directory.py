"""Files that are whole or not there."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from coatcheck import failpoints
from coatcheck.blobs.contract import Blobs
from coatcheck.blobs.directory import BlobDirectory
from coatcheck.clock import SystemClock
from coatcheck.errors import StoreUnavailable
from coatcheck.testing.clock import FakeClock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "coatcheck.db.blobs"


@pytest.fixture
def blobs(folder: Path) -> Blobs:
    return BlobDirectory(folder, SystemClock())


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_blob_is_a_file(blobs: Blobs, folder: Path) -> None:
    path = blobs.path(blobs.write([b"first ", b"second"]).key)
    assert path is not None
    assert path.read_bytes() == b"first second"
    assert _files(folder) == [path]


def test_files_of_others_are_no_blobs(blobs: Blobs, folder: Path) -> None:
    key = blobs.write([b"x"]).key
    (folder / "ab").mkdir(exist_ok=True)
    (folder / "ab" / "notes.txt").write_text("not ours")
    assert BlobDirectory(folder, FakeClock(SystemClock().now() + 100)).keys(older_than=50) == [key]


def test_deleted_blobs_are_gone(blobs: Blobs, folder: Path) -> None:
    kept, gone = blobs.write([b"1"]), blobs.write([b"2"])
    blobs.delete(iter([gone.key]))
    assert blobs.path(gone.key) is None
    assert blobs.path(kept.key) is not None
    assert len(_files(folder)) == 1


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
    failpoints.arm("blob.before_commit=oserror")
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
failpoints.arm("blob.before_commit=kill")
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
