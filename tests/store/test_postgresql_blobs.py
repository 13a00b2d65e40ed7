"""Files in PostgreSQL: what becomes of them when connections die, and how they are found."""

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import psycopg
import pytest

from coatcheck import failpoints
from coatcheck.blobs.contract import CHUNK
from coatcheck.clock import SystemClock
from coatcheck.errors import StoreUnavailable
from coatcheck.settings import Settings
from coatcheck.store.postgres import blobs as module
from coatcheck.store.postgres import blocking
from coatcheck.store.postgres.blobs import PostgresBlobs
from coatcheck.store.postgres.statement import statement
from coatcheck.testing.conformance import OpenStore
from coatcheck.testing.harness import coatcheck_process, eventually, free_port, started
from tests.http.site import LOOPBACK

_STATEMENTS = sorted(path.stem for path in (Path(module.__file__).parent / "statements" / "blobs").glob("*.sql"))
_BY_INDEX = {
    "size": "blobs_pkey",
    "read": "blob_chunks_pkey",
    "keys": "blobs_by_written_at",
    "delete": "blobs_pkey",
    "delete_chunks": "blob_chunks_pkey",
}


@pytest.fixture
def store_url(database_url: str) -> str:
    return database_url


@pytest.fixture
async def blobs(open_store: OpenStore, store_url: str) -> AsyncIterator[PostgresBlobs]:
    await (await open_store()).close()
    blobs = PostgresBlobs(Settings(store=store_url), SystemClock())
    yield blobs
    blobs.close()


def _cut_all(url: str) -> None:
    """End every other connection, as a restart does."""
    with psycopg.connect(url, autocommit=True) as db:
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        db.execute(f"SELECT pg_terminate_backend(pid) {others}".encode())
        eventually(lambda: db.execute(f"SELECT count(*) {others}".encode()).fetchone() == (0,))


def _count(url: str) -> tuple[int, int]:
    with psycopg.connect(url) as db:
        [row] = db.execute("SELECT (SELECT count(*) FROM coatcheck.blobs), (SELECT count(*) FROM coatcheck.blob_chunks)").fetchall()
        return row[0], row[1]


def test_a_restart_between_two_calls_goes_unnoticed(blobs: PostgresBlobs, store_url: str) -> None:
    blobs.write([b"1"])
    _cut_all(store_url)
    assert blobs.write(iter([b"2"])).size == 1


async def test_a_restart_while_reading_goes_unnoticed(blobs: PostgresBlobs, store_url: str) -> None:
    """Nothing is held between two chunks, however long a client takes over one."""
    key = blobs.write([b"x" * 3 * CHUNK]).key
    reading = blobs.read(key)
    size = len(await anext(reading))
    _cut_all(store_url)
    async for chunk in reading:
        size += len(chunk)
    assert size == 3 * CHUNK


def test_a_restart_while_writing_leaves_nothing(blobs: PostgresBlobs, store_url: str) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"x" * CHUNK
        yield b"x" * CHUNK
        _cut_all(store_url)
        yield b"x" * CHUNK

    with pytest.raises(StoreUnavailable):
        blobs.write(chunks())
    assert _count(store_url) == (0, 0)
    assert blobs.write([b"x"]).size == 1


def test_a_server_that_does_not_answer_is_given_up(blobs: PostgresBlobs, store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here because a lock is held; a frozen server's connections stay open just as well."""
    blobs.write([b"x"])
    with psycopg.connect(store_url) as db:
        db.execute("LOCK TABLE coatcheck.blobs IN ACCESS EXCLUSIVE MODE")
        monkeypatch.setattr(blocking, "DEADLINE", 0.3)
        with pytest.raises(StoreUnavailable, match="does not answer"):
            blobs.keys(older_than=0)
    assert len(blobs.keys(older_than=0)) == 1


def test_what_can_be_written_again_outlasts_a_restart(blobs: PostgresBlobs, store_url: str, tmp_path: Path) -> None:
    """A run whose file could not be kept would fail for nothing of its own."""

    class Cutting:
        times = 0

        def __iter__(self) -> Iterator[bytes]:
            self.times += 1
            yield b"x" * CHUNK
            if self.times == 1:
                _cut_all(store_url)
            yield b"y" * CHUNK

    source = Cutting()
    assert blobs.write(source).size == 2 * CHUNK
    assert source.times == 2
    (tmp_path / "file").write_bytes(b"z" * CHUNK)
    failpoints.arm("blob.before_commit=oserror")
    assert blobs.take(tmp_path / "file").size == CHUNK
    assert _count(store_url) == (2, 3)


def test_a_server_that_stays_away_is_waited_for_as_long_as_a_lease_lasts(store_url: str) -> None:
    """Nothing was ever there, in a database without the tables."""
    blobs = PostgresBlobs(Settings(store=store_url, lease=0.3), SystemClock())
    with pytest.raises(StoreUnavailable, match="the tables are gone"):
        blobs.write([b"x"])
    blobs.close()


def test_where_the_tables_are_gone_it_is_said(blobs: PostgresBlobs, store_url: str) -> None:
    with psycopg.connect(store_url, autocommit=True) as db:
        db.execute("DROP TABLE coatcheck.blobs")
    with pytest.raises(StoreUnavailable, match="the tables are gone"):
        blobs.write(iter([b"x"]))


def test_nothing_is_left_of_what_is_deleted(blobs: PostgresBlobs, store_url: str) -> None:
    kept = blobs.write([b"x"])
    gone = [blobs.write([bytes(size)]).key for size in (0, 5, 130 * CHUNK)]
    blobs.delete(gone)
    assert _count(store_url) == (1, 1)
    assert blobs.keys(older_than=0) == [kept.key]


def test_files_are_found_by_index(blobs: PostgresBlobs, store_url: str) -> None:
    """Among many."""
    parameters = {"key": "0" * 32, "number": 1, "offset": 0, "length": 9, "keys": ["0" * 32], "limit": 64, "older_than": 1e9, "now": 2e9}
    with psycopg.connect(store_url, autocommit=True) as db:
        db.execute("INSERT INTO coatcheck.blobs SELECT md5(n::text), 1, '', 1e9 + n FROM generate_series(1, 20000) AS n")
        db.execute("INSERT INTO coatcheck.blob_chunks SELECT md5(n::text), 0, 'x' FROM generate_series(1, 20000) AS n")
        db.execute("ANALYZE coatcheck.blobs, coatcheck.blob_chunks")
        for name, index in _BY_INDEX.items():
            explained = db.execute(f"EXPLAIN {statement(f'blobs/{name}', 'coatcheck')}".encode(), parameters).fetchall()
            plan = "\n".join(line for (line,) in explained)
            assert index in plan, plan
            assert "Seq Scan" not in plan, plan


@pytest.mark.parametrize("name", _STATEMENTS)
def test_a_statement_of_files_stands_in_a_file_and_is_used(name: str) -> None:
    assert f'"{name}"' in Path(module.__file__).read_text()


APPLICATION = """
import os
from pathlib import Path
from coatcheck import Coatcheck, Content
jobs = Coatcheck()

@jobs.operation("/noise", isolation="process")
def noise(size: int) -> Content:
    Path("noise.bin").write_bytes(os.urandom(size))
    return Content(Path("noise.bin"))
"""


def test_what_one_host_wrote_another_hands_out(store_url: str, tmp_path: Path) -> None:
    """The API and the worker share nothing but the database; the job has a process of its own."""
    host, other = tmp_path / "host", tmp_path / "other"
    for folder in (host, other):
        folder.mkdir()
        (folder / "app.py").write_text(APPLICATION)
    port = free_port()
    environment = {"COATCHECK_STORE": store_url, "COATCHECK_EMBEDDED_WORKER": "no"}
    with (
        started([sys.executable, "-m", "uvicorn", "app:jobs", "--port", str(port)], directory=host, environment=environment) as server,
        coatcheck_process("worker", "app:jobs", directory=other, environment=environment),
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, verify=LOOPBACK) as api,
    ):
        eventually(lambda: "running on" in server.log)
        location = api.post("/noise", json={"size": 5 * CHUNK + 1}).headers["location"]
        eventually(lambda: api.get(location).json()["status"] == "completed")
        body = (other / "noise.bin").read_bytes()
        assert api.get(f"{location}/result").content == body
        part = api.get(f"{location}/result", headers={"Range": f"bytes={CHUNK - 1}-{2 * CHUNK}"})
        assert (part.status_code, part.content) == (206, body[CHUNK - 1 : 2 * CHUNK + 1])
    assert not [path for path in (*host.rglob("*"), *other.rglob("*")) if "blobs" in path.name]
