"""The checker of a whole store, on files in which something is wrong."""

import asyncio
import os
from pathlib import Path

import apsw
import psycopg
import pytest

from chaos.audit import Report, audit_file, audit_url, check_file
from chaos.violation import Rule
from coatcheck.clock import SystemClock
from coatcheck.domain.job import Submission
from coatcheck.domain.outcome import Completed
from coatcheck.domain.result import Result
from coatcheck.settings import Settings
from coatcheck.store.open import open_blobs, open_store
from coatcheck.telemetry import Telemetry

FIRST, SECOND = "019a0000-0000-7000-8000-000000000001", "019a0000-0000-7000-8000-000000000002"


def fill(url: str) -> None:
    """Two jobs that have completed, the first with JSON and a checkpoint, the second with a blob."""
    settings = Settings(store=url, durability="process")

    async def run() -> None:
        store, blobs = open_store(settings, SystemClock(), Telemetry()), open_blobs(settings, SystemClock())
        await store.open()
        blob = await asyncio.to_thread(blobs.write, [b'{"fence":1}'])
        results = {
            FIRST: Result(media_type="application/json", size=11, digest="00", body=b'{"fence":1}'),
            SECOND: Result(media_type="application/octet-stream", size=blob.size, digest=blob.digest, blob=blob.key),
        }
        for job_id in results:
            await store.submit(
                Submission(id=job_id, owner="alice", operation="job", arguments=b"{}", max_attempts=1, timeout=None, ttl=60, queue_bound=9)
            )
        for claim in await store.claim("worker", ["job"], 2):
            assert await store.checkpoint(claim, b'{"rows":0,"value":{"fence":1}}')
            assert await store.settle(claim, Completed(results[claim.job_id]))
        await store.close()
        blobs.close()

    asyncio.run(run())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with those jobs."""
    path = tmp_path / "jobs.db"
    fill(f"sqlite:///{path}")
    return path


def rules(report: Report) -> set[Rule]:
    return {violation.rule for violation in report.violations}


def spoil(file: Path, *statements: str) -> None:
    db = apsw.Connection(str(file))
    for statement in statements:
        db.execute(statement)
    db.close()


def test_a_good_file_has_no_violations(file: Path) -> None:
    report = audit_file(file, acknowledged=[FIRST, SECOND])
    assert [job.id for job in report.require()] == [FIRST, SECOND]
    assert report.events.total() == 6


def test_an_acknowledged_job_that_is_not_there_is_lost(file: Path) -> None:
    assert rules(audit_file(file, acknowledged=[FIRST, "019a0000-0000-7000-8000-000000000003"])) == {Rule.LOST}


def test_a_job_that_has_not_ended_is_named_where_all_should_have(file: Path) -> None:
    spoil(
        file,
        "UPDATE jobs SET status = 'running', last_event = 2, completed_at = NULL, expires_at = NULL, worker = 'worker' WHERE seq = 1",
        "DELETE FROM events WHERE seq = 3 AND job = 1",
        "DELETE FROM results WHERE job = 1",
    )
    assert rules(audit_file(file, ended=False)) == set()
    assert rules(audit_file(file)) == {Rule.UNENDED}


OTHER_INDEX = """
    PRAGMA writable_schema = ON;
    UPDATE sqlite_schema SET sql = 'CREATE INDEX jobs_by_owner ON jobs (operation)' WHERE name = 'jobs_by_owner';
"""

SPOILT: dict[str, tuple[str, Rule]] = {
    "a gap": ("UPDATE events SET seq = 4 WHERE seq = 3 AND job = 1", Rule.NUMBERS),
    "a stale result": ("""UPDATE results SET body = CAST('{"fence":9}' AS BLOB) WHERE job = 1""", Rule.RESULT),
    "a stale checkpoint": ("""UPDATE checkpoints SET body = CAST('{"rows":0,"value":{"fence":9}}' AS BLOB) WHERE job = 1""", Rule.WRITER),
    "half a result": ("UPDATE results SET size = 12 WHERE job = 1", Rule.FILE),
    "other bytes in a blob": ("UPDATE results SET digest = '00' WHERE job = 2", Rule.FILE),
    "a wrong depth": ("UPDATE depths SET queued = queued + 1", Rule.DEPTH),
    "an index that misses a row": (OTHER_INDEX, Rule.FILE),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_file_is_found_out_by_one_rule(file: Path, name: str) -> None:
    statement, rule = SPOILT[name]
    spoil(file, statement)
    report = audit_file(file)
    assert (rule in rules(report), len(rules(report))) == (True, 1), report.violations
    with pytest.raises(AssertionError, match=rule.value):
        check_file(file)


def test_a_blob_that_is_gone_is_found_out(file: Path) -> None:
    for blob in file.with_name("jobs.db.blobs").glob("??/*"):
        blob.unlink()
    assert rules(audit_file(file)) == {Rule.FILE}


def test_an_orphan_that_no_sweep_has_removed_is_found_out(file: Path) -> None:
    """Not a young one: its run may be about to settle."""
    blobs = open_blobs(Settings(store=f"sqlite:///{file}"), SystemClock())
    orphan = blobs.path(blobs.write([b"lost with its run"]).key)
    assert orphan is not None
    assert rules(audit_file(file)) == set()
    for blob in file.with_name("jobs.db.blobs").glob("??/*"):
        os.utime(blob, (0, 0))
    (violation,) = audit_file(file).violations
    assert (violation.rule, orphan.name in violation.said) == (Rule.FILE, True)


OLD_ORPHAN = "INSERT INTO coatcheck.blobs (key, size, digest, written_at) VALUES (repeat('ab', 16), 0, repeat('0', 64), 0)"
STRAY_CHUNK = "INSERT INTO coatcheck.blob_chunks (blob, number, body) VALUES (repeat('ab', 16), 0, 'x')"


@pytest.mark.parametrize("wrong", [OLD_ORPHAN, STRAY_CHUNK])
def test_what_is_left_of_blobs_in_a_database_is_found_out(database_url: str, wrong: str) -> None:
    fill(database_url)
    with psycopg.connect(database_url, autocommit=True) as db:
        db.execute("UPDATE coatcheck.blobs SET written_at = 0")
        assert rules(audit_url(database_url)) == set()
        db.execute(wrong.encode())
    (violation,) = audit_url(database_url).violations
    assert (violation.rule, "ab" * 16 in violation.said) == (Rule.FILE, True)


@pytest.mark.parametrize(
    "wrong", ["", "DELETE FROM coatcheck.blobs", "DELETE FROM coatcheck.blob_chunks", "UPDATE coatcheck.blob_chunks SET body = 'x'"]
)
def test_a_blob_in_a_database_is_read_as_well(database_url: str, wrong: str) -> None:
    fill(database_url)
    with psycopg.connect(database_url) as db:
        db.execute(wrong.encode())
    report = audit_url(database_url, acknowledged=[FIRST, SECOND])
    assert [job.id for job in report.jobs] == [FIRST, SECOND]
    assert rules(report) == ({Rule.FILE} if wrong else set())
