"""Which files are taken as a store, and which are refused with a sentence."""
# ruff: noqa: ASYNC240  nothing else runs on a test's event loop

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from coatcheck.clock import SystemClock
from coatcheck.domain.owner import SYSTEM
from coatcheck.errors import ConfigurationError, StoreUnavailable
from coatcheck.settings import Settings
from coatcheck.store.contract import Listing
from coatcheck.store.sqlite.location import sqlite_file
from coatcheck.store.sqlite.migrate import APPLICATION_ID, migrations, open_database
from coatcheck.store.sqlite.store import SQLiteStore
from coatcheck.telemetry import Telemetry
from coatcheck.testing.conformance import OpenStore
from coatcheck.testing.conformance.scenario import OWNER, queued, submission

_NOBODY = 65534


def _schema(file: Path) -> list[tuple[object, ...]]:
    db = apsw.Connection(str(file))
    try:
        return db.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY name").fetchall()
    finally:
        db.close()


def _write(file: Path, *statements: str) -> None:
    db = apsw.Connection(str(file))
    for statement in statements:
        db.execute(statement)
    db.close()


async def test_a_missing_file_is_created_as_ours(open_store: OpenStore, file: Path) -> None:
    store = await open_store()
    await store.close()
    db = apsw.Connection(str(file))
    assert db.pragma("application_id") == APPLICATION_ID
    assert db.pragma("user_version") == len(migrations())
    assert db.pragma("journal_mode") == "wal"
    db.close()


async def test_opening_again_changes_nothing(open_store: OpenStore, file: Path) -> None:
    first = await open_store()
    await queued(first)
    await first.close()
    schema = _schema(file)
    second = await open_store()
    assert len(await second.list(SYSTEM, Listing())) == 1
    await second.close()
    assert _schema(file) == schema


async def test_many_may_open_a_new_file_at_once(open_store: OpenStore, file: Path) -> None:
    """One of them makes the schema, the others wait for it; none takes it for another application's."""
    for _ in range(10):
        stores = await asyncio.gather(*(open_store() for _ in range(8)))
        for store in stores:
            await queued(store)
        assert len(await stores[0].list(SYSTEM, Listing())) == 8
        for store in stores:
            await store.close()
        for left in file.parent.iterdir():
            left.unlink()


async def test_an_empty_file_is_taken(open_store: OpenStore, file: Path) -> None:
    file.touch()
    assert (await queued(await open_store())).version == 1


async def test_another_applications_database_is_refused(open_store: OpenStore, file: Path) -> None:
    _write(file, "CREATE TABLE bookmarks (url TEXT)")
    before = file.read_bytes()
    with pytest.raises(ConfigurationError, match=r"coatcheck\.db is another application's database; name another file"):
        await open_store()
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


async def test_a_file_that_is_no_database_is_refused(open_store: OpenStore, file: Path) -> None:
    file.write_bytes(b"Dear diary, " * 1_000)
    with pytest.raises(ConfigurationError, match=r"coatcheck\.db is not a SQLite database"):
        await open_store()
    assert file.read_bytes() == b"Dear diary, " * 1_000


async def test_a_newer_schema_is_refused(open_store: OpenStore, file: Path) -> None:
    await (await open_store()).close()
    _write(file, f"PRAGMA user_version = {len(migrations()) + 1}")
    with pytest.raises(ConfigurationError, match="install a newer Coatcheck"):
        await open_store()


async def test_newer_columns_break_no_reads(open_store: OpenStore, file: Path) -> None:
    """A later release adds columns while processes of this one still run (F28, a rolling deployment)."""
    store = await open_store()
    before = await queued(store)
    _write(file, "ALTER TABLE jobs ADD COLUMN colour TEXT DEFAULT 'red'", "ALTER TABLE events ADD COLUMN shape TEXT")
    assert await store.get(before.id, OWNER) == before
    await queued(store)
    assert len(await store.list(OWNER, Listing())) == 2
    assert len(await store.events(before.id, OWNER)) == 1


async def test_a_directory_is_refused(open_store: OpenStore, file: Path) -> None:
    file.mkdir()
    with pytest.raises(ConfigurationError, match="is a directory; name a file"):
        await open_store()


async def test_a_missing_directory_is_refused(tmp_path: Path) -> None:
    store = SQLiteStore(Settings(store=f"sqlite:///{tmp_path}/no/such/x.db"), SystemClock(), Telemetry())
    with pytest.raises(ConfigurationError, match=r"no/such/x\.db cannot be opened.*directory must exist"):
        await store.open()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A directory that others may enter; pytest's own may not."""
    folder = Path(tempfile.mkdtemp(prefix="coatcheck-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def read_only_file(open_to_all: Path) -> Path:
    file = open_to_all / "coatcheck.db"
    open_database(file, "full").close()
    for path in open_to_all.iterdir():
        path.chmod(0o444)
    open_to_all.chmod(0o555)
    return file


@contextmanager
def _unprivileged() -> Iterator[None]:
    """As a user whom permissions bind: the superuser borrows one, who may not even read our own files then."""
    superuser = os.geteuid() == 0
    if superuser:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        if superuser:
            os.seteuid(0)


async def test_a_file_that_cannot_be_written_is_refused(read_only_file: Path) -> None:
    """F23: a clear error at the start that names the file."""
    store = SQLiteStore(Settings(store=f"sqlite:///{read_only_file}"), SystemClock(), Telemetry())
    with _unprivileged(), pytest.raises(ConfigurationError, match=rf"{read_only_file} .*not writable"):
        await store.open()


async def test_a_file_in_a_directory_that_cannot_be_entered_is_refused(read_only_file: Path) -> None:
    """F23: the same."""
    read_only_file.parent.chmod(0)
    store = SQLiteStore(Settings(store=f"sqlite:///{read_only_file}"), SystemClock(), Telemetry())
    with _unprivileged(), pytest.raises(ConfigurationError, match=rf"{read_only_file} cannot be opened.*writable by this user"):
        await store.open()


@pytest.mark.parametrize("how", ["removed", "replaced"])
async def test_a_file_that_went_away_under_an_open_store_takes_no_more_jobs(open_store: OpenStore, file: Path, how: str) -> None:
    """F27: what is written to a file that nobody can open again would be a promise that cannot be kept."""
    store = await open_store()
    await queued(store)
    if how == "removed":
        file.unlink()
    else:
        shutil.copy(file, file.with_suffix(".new"))
        file.with_suffix(".new").rename(file)
    with pytest.raises(StoreUnavailable, match="restart this process"):
        await store.submit(submission())
    with pytest.raises(StoreUnavailable, match=str(file)):
        await store.ping()
    assert file.exists() == (how == "replaced")
    with pytest.raises(StoreUnavailable):
        await asyncio.to_thread(asyncio.run, store.list(OWNER, Listing()))


async def _filled(open_store: OpenStore, file: Path) -> int:
    """A store of some pages, all of them copied back into the file; its length."""
    store = await open_store()
    for _ in range(20):
        await queued(store, arguments=b"x" * 4_000)
    await store.close()
    return file.stat().st_size


@pytest.mark.parametrize("share", [0, 2])
async def test_a_file_cut_short_under_an_open_store_takes_no_more_jobs(open_store: OpenStore, file: Path, share: int) -> None:
    """F27: to nothing, or to a half. Nothing is written into what is left of it, on closing neither."""
    length = await _filled(open_store, file)
    store = await open_store()
    await queued(store)
    os.truncate(file, length // share if share else 0)
    left = file.read_bytes()
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="restore a backup"):
            await store.submit(submission())
        with pytest.raises(StoreUnavailable, match="restore a backup"):
            await store.ping()
    await store.close()
    assert file.read_bytes() == left


async def test_a_read_of_a_file_that_was_emptied_says_so(open_store: OpenStore, file: Path) -> None:
    """F27: from connections that had read before, and from new ones, to which SQLite itself speaks of a missing table."""
    await _filled(open_store, file)
    store = await open_store()
    await store.list(OWNER, Listing())
    os.truncate(file, 0)
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="restore a backup"):
            await store.list(OWNER, Listing())
        with pytest.raises(StoreUnavailable, match="cut short under the open store"):
            await asyncio.to_thread(asyncio.run, store.list(OWNER, Listing()))


async def test_a_store_may_be_vacuumed_while_it_is_open(open_store: OpenStore, file: Path) -> None:
    """That makes the file shorter, too."""
    length = await _filled(open_store, file)
    store = await open_store()
    await queued(store)
    db = apsw.Connection(str(file))
    db.execute("DELETE FROM arguments")
    db.execute("VACUUM")
    db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    db.close()
    assert file.stat().st_size < length
    assert (await queued(store)).version == 1


@pytest.mark.parametrize("lost", ["emptied", "removed"])
async def test_a_store_whose_content_is_gone_but_not_its_log_is_refused(open_store: OpenStore, file: Path, lost: str) -> None:
    """F27: SQLite would begin a new database, and throw the log with the jobs in it away."""
    store = await open_store()
    job = await queued(store)
    log = Path(f"{file}-wal")
    logged = log.read_bytes()
    await store.close()
    content = file.read_bytes()
    if lost == "emptied":
        os.truncate(file, 0)
    else:
        file.unlink()
    log.write_bytes(logged)
    with pytest.raises(ConfigurationError, match=r"was emptied or removed.*restore a backup of both, or remove coatcheck\.db-wal"):
        await open_store()
    assert log.read_bytes() == logged
    file.write_bytes(content)
    assert (await (await open_store()).get(job.id, OWNER)) is not None


async def test_an_emptied_store_is_refused_though_its_log_is_empty(open_store: OpenStore, file: Path) -> None:
    """F27: an empty file is taken for a new store only where there never was one."""
    await _filled(open_store, file)
    os.truncate(file, 0)
    with pytest.raises(ConfigurationError, match="was emptied or removed"):
        await open_store()
    assert file.stat().st_size == 0
    Path(f"{file}-wal").unlink()
    assert await (await open_store()).list(OWNER, Listing()) == []


async def test_a_store_of_which_a_half_is_gone_is_refused(open_store: OpenStore, file: Path) -> None:
    """F27."""
    length = await _filled(open_store, file)
    os.truncate(file, length // 2)
    with pytest.raises(ConfigurationError, match="cannot be opened: the file is damaged; restore a backup"):
        await open_store()
    assert file.stat().st_size == length // 2


@pytest.mark.parametrize("content", [b"abc", bytes(range(256)) * 40])
async def test_a_file_that_is_no_database_is_refused_and_left_alone(open_store: OpenStore, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match="is not a SQLite database; name another file"):
        await open_store()
    assert file.read_bytes() == content


async def test_a_database_that_was_replaced_gets_nothing_of_ours_on_closing(open_store: OpenStore, file: Path, tmp_path: Path) -> None:
    """F27: the log that lies beside it may be its own by then, so nobody copies it back or cuts it."""
    store = await open_store()
    await queued(store)
    other = tmp_path / "other.db"
    open_database(other, "full").close()
    other.replace(file)
    content, logged = file.read_bytes(), Path(f"{file}-wal").read_bytes()
    await store.close()
    assert (file.read_bytes(), Path(f"{file}-wal").read_bytes()) == (content, logged)


@pytest.mark.parametrize(
    ("url", "file"),
    [("sqlite:///a b?#%20.db", "a b?#%20.db"), ("sqlite:////var/lib/x.db", "/var/lib/x.db"), ("sqlite:///d/x.db", "d/x.db")],
)
def test_a_url_names_a_file(url: str, file: str) -> None:
    assert sqlite_file(url) == Path(file)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite://x.db", "sqlite:x.db", "sqlite:///:memory:", "postgresql:///x"])
def test_a_url_that_names_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"sqlite:///relative\.db"):
        sqlite_file(url)
