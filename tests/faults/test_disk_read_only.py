"""F23: what lies under the store cannot be written: from the start, or from some moment on."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coatcheck.cli.exit import Exit
from coatcheck.store.sqlite.location import sqlite_file
from coatcheck.testing.harness import eventually
from tests.faults.mounts import in_private_mounts, mount
from tests.faults.site import Site, site_in
from tests.services import on_sqlite, require


def test_a_read_only_file_system_is_refused_at_the_start(tmp_path: Path) -> None:
    """In one sentence that names the file and says what to do; with a store on it, and without."""
    in_private_mounts(read_only_mount, tmp_path)


def read_only_mount(directory: Path) -> None:
    """The directory becomes read-only between two starts."""
    disk = directory / "disk"
    disk.mkdir()
    with site_in(disk) as site:
        mount("--bind", str(disk), str(disk))
        mount("-o", "remount,bind,ro", str(disk))
        assert_refused(site)
        mount("-o", "remount,bind,rw", str(disk))
        process = site.serve()
        process.kill()
        mount("-o", "remount,bind,ro", str(disk))
        assert_refused(site)


def assert_refused(site: Site) -> None:
    process = site.run("worker", "application:jobs")
    assert process.ended() == Exit.USAGE
    assert f"The job store {sqlite_file(site.store)} " in process.log
    assert "must be writable" in process.log or "is not writable" in process.log
    assert "Traceback" not in process.log


@on_sqlite
def test_a_file_that_becomes_read_only_turns_requests_away_until_it_can_be_written_again(site: Site) -> None:
    """Polls go on, `/readyz` says 503, no client sees a traceback, and nobody restarts anything."""
    site.serve()
    held = site.hold()
    site.runs(held, 1)
    with unwritable(sqlite_file(site.store)):
        for answer in (site.api.post("/echo", json={"text": "no"}), site.api.get("/readyz")):
            assert answer.status_code == 503, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["type"] == "/problems/store-unavailable"
            assert "Traceback" not in answer.text
        assert site.state(held)["status"] == "running"
        assert site.api.get("/jobs").status_code == 200
    eventually(site.answers)
    site.let_go()
    assert site.ended(held)["status"] == "completed"
    site.check(held, ended=True)


@contextmanager
def unwritable(file: Path) -> Iterator[None]:
    """The file and its log take no write, those of whoever has them open already included."""
    require(
        _can_be_shut(file.with_name("probe")), "a file system on which `chattr +i` stops those who have the file open (ext4), as superuser"
    )
    files = [file, Path(f"{file}-wal")]
    assert _mark("+i", *files)
    try:
        yield
    finally:
        assert _mark("-i", *files)


def _can_be_shut(file: Path) -> bool:
    with file.open("wb", buffering=0) as probe:
        if not _mark("+i", file):
            return False
        try:
            probe.write(b"x")
        except PermissionError:
            return True
        finally:
            _mark("-i", file)
    return False


def _mark(flag: str, *files: Path) -> bool:
    chattr = shutil.which("chattr")
    return chattr is not None and subprocess.run([chattr, flag, *files], check=False, capture_output=True).returncode == 0
