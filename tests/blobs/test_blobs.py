"""Files and bytes that are whole or not there, wherever they are kept."""

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from coatcheck import failpoints
from coatcheck.blobs.contract import CHUNK, Blobs, Label
from coatcheck.clock import SystemClock
from coatcheck.errors import StoreUnavailable
from coatcheck.settings import Settings
from coatcheck.testing.clock import FakeClock
from tests.blobs.conftest import OpenBlobs

MEGABYTE = 1024 * 1024
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


async def read(blobs: Blobs, key: str, start: int = 0, end: int | None = None) -> bytes:
    """The bytes, all at once."""
    return b"".join([chunk async for chunk in blobs.read(key, start, end)])


def later(open_some: OpenBlobs) -> Blobs:
    """A handle for which 100 seconds have passed."""
    return open_some(FakeClock(SystemClock().now() + 100))


async def test_what_was_written_is_read_by_another(blobs: Blobs, open_some: OpenBlobs) -> None:
    blob = blobs.write([b"first ", b"", b"second"])
    assert (blob.size, blob.digest) == (12, hashlib.sha256(b"first second").hexdigest())
    assert await read(open_some(), blob.key) == b"first second"


async def test_nothing_is_something_too(blobs: Blobs) -> None:
    blob = blobs.write([])
    assert (blob.size, await read(blobs, blob.key)) == (0, b"")


async def test_ranges_are_read(blobs: Blobs) -> None:
    body = os.urandom(2 * CHUNK + 17)
    key = blobs.write([body]).key
    for start, end in ((0, 10), (5, CHUNK + 7), (CHUNK, None), (len(body) - 1, None), (0, len(body) + 99), (len(body), None), (9, 9)):
        assert await read(blobs, key, start, end) == body[start:end]


@pytest.mark.parametrize("size", [1000, CHUNK, MEGABYTE, MEGABYTE + 1])
async def test_in_whichever_pieces_it_is_written_it_is_read_in_chunks(blobs: Blobs, size: int) -> None:
    body = os.urandom(3 * CHUNK)
    key = blobs.write(body[start : start + size] for start in range(0, len(body), size)).key
    chunks = [chunk async for chunk in blobs.read(key)]
    assert [len(chunk) for chunk in chunks] == [CHUNK] * 3
    assert b"".join(chunks) == body


async def test_a_file_is_copied_and_stays(blobs: Blobs, tmp_path: Path) -> None:
    source = tmp_path / "report.csv"
    source.write_bytes(b"a,b\n" * 100_000)
    blob = blobs.take(source)
    source.write_bytes(b"changed")
    assert blob.size == 400_000
    assert await read(blobs, blob.key) == b"a,b\n" * 100_000


def test_a_missing_source_is_the_callers_affair(blobs: Blobs, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        blobs.take(tmp_path / "none")


@pytest.mark.parametrize("error", [RuntimeError("the function's own"), OSError("of its disk")])
def test_a_source_that_breaks_off_leaves_nothing(blobs: Blobs, open_some: OpenBlobs, error: Exception) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"half" * CHUNK
        raise error

    with pytest.raises(type(error), match=str(error)):
        blobs.write(chunks())
    assert later(open_some).keys(older_than=50) == []


def test_a_refusal_leaves_nothing_and_the_next_is_written(blobs: Blobs, open_some: OpenBlobs) -> None:
    failpoints.arm("blob.before_commit=oserror")
    with pytest.raises(StoreUnavailable):
        blobs.write(iter([b"x"]))
    assert later(open_some).keys(older_than=50) == []
    assert blobs.write([b"x"]).size == 1


@pytest.mark.parametrize("key", _ODD_KEYS, ids=range(len(_ODD_KEYS)))
async def test_a_key_that_is_none_comes_near_no_path_and_no_statement(blobs: Blobs, open_some: OpenBlobs, key: str) -> None:
    """F58: one anchored pattern before any look."""
    kept = blobs.write([b"x"]).key
    assert blobs.path(key) is None
    with pytest.raises(FileNotFoundError):
        await read(blobs, key)
    blobs.delete([key])
    assert later(open_some).keys(older_than=50) == [kept]


async def test_only_in_a_bucket_has_a_blob_a_url(blobs: Blobs, settings: Settings) -> None:
    url = await blobs.url(blobs.write([b"x"], Label("text/csv")).key, 60)
    assert (url is None) == (settings.blobs is None)
    if url is not None:
        for key in _ODD_KEYS:
            with pytest.raises(FileNotFoundError):
                await blobs.url(key, 60)


async def test_an_unknown_key_is_not_found(blobs: Blobs) -> None:
    assert blobs.path("ab" * 16) is None
    with pytest.raises(FileNotFoundError):
        await read(blobs, "ab" * 16)
    blobs.delete(["ab" * 16])


async def test_deleted_blobs_are_gone_and_others_are_not(blobs: Blobs, open_some: OpenBlobs) -> None:
    kept, *gone = (blobs.write([body]).key for body in (b"1", b"2" * 70 * CHUNK, b"3" * 3 * CHUNK))
    blobs.delete(iter(gone))
    for key in gone:
        with pytest.raises(FileNotFoundError):
            await read(blobs, key)
    assert await read(blobs, kept) == b"1"
    assert later(open_some).keys(older_than=50) == [kept]


async def test_a_blob_that_is_deleted_while_it_is_read_breaks_off(blobs: Blobs, open_some: OpenBlobs) -> None:
    """Or goes on to its end, as an open file does; it never ends early as if it were whole."""
    body = os.urandom(3 * CHUNK)
    key = blobs.write([body]).key
    reading = blobs.read(key)
    seen = [await anext(reading)]
    open_some().delete([key])
    try:
        seen += [chunk async for chunk in reading]
    except FileNotFoundError:
        assert seen == [body[:CHUNK]]
    else:
        assert b"".join(seen) == body


def test_keys_are_listed_by_age(blobs: Blobs, open_some: OpenBlobs) -> None:
    written = [blobs.write([b"x"]).key for _ in range(3)]
    now = open_some(FakeClock(SystemClock().now()))
    assert now.keys(older_than=50) == []
    assert later(open_some).keys(older_than=50) == sorted(written)


def test_where_nothing_was_written_there_is_nothing(blobs: Blobs) -> None:
    assert blobs.keys(older_than=0) == []


async def test_the_same_content_at_once_is_as_many_blobs(blobs: Blobs) -> None:
    """More threads than connections: each has its turn, each a key of its own, and none another's bytes."""
    bodies = [bytes([number % 3]) * (CHUNK + number % 3) for number in range(12)]
    start = threading.Barrier(len(bodies))

    def write(body: bytes) -> str:
        start.wait()
        return blobs.write([body]).key

    with ThreadPoolExecutor(len(bodies)) as threads:
        keys = list(threads.map(write, bodies))
    assert len(set(keys)) == len(bodies)
    assert await asyncio.gather(*(read(blobs, key) for key in keys)) == bodies


async def test_a_large_blob_is_never_whole_in_memory(blobs: Blobs) -> None:
    """50 MB, written and read with less than 16."""
    piece = os.urandom(MEGABYTE)
    tracemalloc.start()
    try:
        blob = blobs.write(piece for _ in range(50))
        digest = hashlib.sha256()
        async for chunk in blobs.read(blob.key):
            digest.update(chunk)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (blob.size, digest.hexdigest()) == (50 * MEGABYTE, blob.digest)
    assert peak < 16 * MEGABYTE


async def test_a_blob_is_spooled_in_whatever_pieces(blobs: Blobs, open_some: OpenBlobs) -> None:
    spool = blobs.spool()
    for piece in (b"first ", b"", b"second" * CHUNK):
        spool.write(piece)
    blob = spool.finish()
    whole = b"first " + b"second" * CHUNK
    assert (blob.size, blob.digest) == (len(whole), hashlib.sha256(whole).hexdigest())
    assert await read(open_some(), blob.key) == whole


def test_what_is_discarded_was_never_there(blobs: Blobs, open_some: OpenBlobs) -> None:
    for written in ([], [b"half" * CHUNK]):
        spool = blobs.spool()
        for piece in written:
            spool.write(piece)
        spool.discard()
        spool.discard()
    assert later(open_some).keys(older_than=50) == []


def test_many_spools_hold_no_connection(blobs: Blobs) -> None:
    """As many slow uploads as there are clients, and the rest goes on."""
    spools = [blobs.spool() for _ in range(20)]
    for spool in spools:
        spool.write(b"slow")
    assert blobs.write([b"quick"]).size == 5
    assert {spool.finish().size for spool in spools} == {4}


def test_a_blob_is_fetched_as_a_file(blobs: Blobs, tmp_path: Path) -> None:
    body = os.urandom(2 * CHUNK + 17)
    target = tmp_path / "copy"
    blobs.fetch(blobs.write([body]).key, target)
    assert target.read_bytes() == body
    with pytest.raises(FileExistsError):
        blobs.fetch(blobs.write([body]).key, target)
    for key in ("ab" * 16, "../../etc/passwd"):
        with pytest.raises(FileNotFoundError):
            blobs.fetch(key, tmp_path / "none")


def test_closed_it_can_be_used_again(blobs: Blobs) -> None:
    blobs.write([b"1"])
    blobs.close()
    blobs.close()
    assert blobs.write([b"2"]).size == 1


_DIE_WRITING = """
import sys
from coatcheck import failpoints
from coatcheck.clock import SystemClock
from coatcheck.settings import Settings
from coatcheck.store.open import open_blobs
failpoints.arm("blob.before_commit=kill")
open_blobs(Settings(store=sys.argv[1], blobs=sys.argv[2] or None), SystemClock()).write([b"half a report" * 100_000])
"""


def test_a_crash_while_writing_leaves_no_blob(settings: Settings, open_some: OpenBlobs) -> None:
    """No key leads to half a blob; what is left, if anything, the sweep removes."""
    died = subprocess.run([sys.executable, "-c", _DIE_WRITING, settings.store, settings.blobs or ""], check=False)
    assert died.returncode == -signal.SIGKILL
    sweeper = later(open_some)
    left = sweeper.keys(older_than=50)
    for key in left:
        with pytest.raises(FileNotFoundError):
            asyncio.run(read(sweeper, key))
    sweeper.delete(left)
    assert sweeper.keys(older_than=50) == []


_FORK = """
import os, sys
from coatcheck.clock import SystemClock
from coatcheck.settings import Settings
from coatcheck.store.open import open_blobs
blobs = open_blobs(Settings(store=sys.argv[1], blobs=sys.argv[2] or None), SystemClock())
child = os.fork()
if child == 0:
    print(blobs.write([b"of a child"]).key, flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(blobs.write([b"of its parent"]).key)
"""


async def test_a_process_that_was_forked_opens_connections_of_its_own(settings: Settings, blobs: Blobs) -> None:
    """As each job's process is, of one that has imported the application and used nothing."""
    forking = [sys.executable, "-c", _FORK, settings.store, settings.blobs or ""]
    written = await asyncio.to_thread(subprocess.run, forking, check=True, capture_output=True, text=True)
    assert [await read(blobs, key) for key in written.stdout.split()] == [b"of a child", b"of its parent"]
