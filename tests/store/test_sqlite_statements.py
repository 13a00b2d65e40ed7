"""The SQL: where it stands, and how SQLite goes about it."""

import re
from pathlib import Path

import apsw
import pytest

from coatcheck.store.sqlite import connection
from coatcheck.store.sqlite.migrate import open_database
from coatcheck.store.sqlite.statement import statement

_PACKAGE = Path(connection.__file__).parent
_POSTGRES = _PACKAGE.with_name("postgres")
_SOURCES = sorted(path for path in _PACKAGE.parents[1].rglob("*.py") if _POSTGRES not in path.parents)
"""All but the other store's."""
_STATEMENTS = sorted(path.stem for path in (_PACKAGE / "statements").glob("*.sql"))

_STARTS = {
    "due": "SEARCH jobs USING COVERING INDEX jobs_queued (operation=? AND delayed=? AND not_before<?)",
    "anything_due": "SEARCH jobs EXISTS USING COVERING INDEX jobs_queued (operation=? AND delayed=? AND not_before<?)",
    "claim": "SEARCH jobs USING INTEGER PRIMARY KEY (rowid=?)",
    "get": "SEARCH jobs USING INDEX sqlite_autoindex_jobs_1 (id=?)",
    "settle": "SEARCH jobs USING INDEX sqlite_autoindex_jobs_1 (id=?)",
    "report": "SEARCH jobs USING INDEX sqlite_autoindex_jobs_1 (id=?)",
    "heartbeat": "SEARCH jobs USING INDEX sqlite_autoindex_jobs_1 (id=?)",
    "keep": "SEARCH jobs USING INDEX jobs_running (worker=?)",
    "cancel_requests": "SEARCH jobs USING INDEX jobs_running (worker=?)",
    "holders": "SCAN jobs USING COVERING INDEX jobs_running",
    "stale": "SCAN jobs USING INDEX jobs_running",
    "rescue": "SEARCH jobs USING INTEGER PRIMARY KEY (rowid=?)",
    "list_own": "SEARCH jobs USING INDEX jobs_by_owner (owner=? AND rowid<?)",
    "list_all": "SEARCH jobs USING INTEGER PRIMARY KEY (rowid<?)",
    "expired": "SEARCH jobs USING INDEX jobs_expiring (expires_at<?)",
    "durations": "SEARCH jobs USING COVERING INDEX jobs_completed (operation=?)",
    "drained": "SEARCH jobs USING COVERING INDEX jobs_completed (operation=? AND completed_at>?)",
    "prune_jobs": "SEARCH jobs USING INTEGER PRIMARY KEY (rowid=?)",
    "prune_events": "SEARCH events USING PRIMARY KEY (job=?)",
    "unreferenced": "SEARCH results USING COVERING INDEX results_by_blob (blob=?)",
    "room": "SEARCH jobs USING INDEX jobs_in_flight (owner=? AND operation=?)",
    "prune_inputs": "SEARCH inputs USING PRIMARY KEY (job=?)",
    "forget_tombstones": "SEARCH tombstones USING COVERING INDEX tombstones_by_forget_at (forget_at<?)",
    "forget_keys": "SEARCH idempotency_keys USING INDEX idempotency_keys_expiring (expires_at<?)",
    "delivery_targets": "SEARCH deliveries USING COVERING INDEX deliveries_due (target>?)",
    "due_deliveries": "SEARCH deliveries USING INDEX deliveries_due (target=? AND next_at<?)",
    "claim_deliveries": "SEARCH deliveries USING INTEGER PRIMARY KEY (rowid=?)",
    "settle_delivery": "SEARCH deliveries USING INDEX sqlite_autoindex_deliveries_1 (id=?)",
    "release_deliveries": "SCAN deliveries USING INDEX deliveries_held",
    "freeze": "SEARCH deliveries USING INDEX sqlite_autoindex_deliveries_1 (id=?)",
    "give_up_overdue": "SEARCH deliveries USING COVERING INDEX deliveries_due (target>?)",
    "give_up_target": "SEARCH deliveries USING INDEX deliveries_due (target=?)",
    "deliveries_own": "SEARCH deliveries USING INDEX deliveries_by_owner (owner=? AND rowid<?)",
    "deliveries_all": "SEARCH deliveries USING INTEGER PRIMARY KEY (rowid<?)",
    "deliveries_of_job": "SEARCH deliveries USING INDEX deliveries_by_job (job=? AND rowid<?)",
    "dead_deliveries": "SCAN deliveries USING COVERING INDEX deliveries_dead",
    "endpoints_own": "SEARCH endpoints USING INDEX endpoints_by_owner (owner=?)",
    "secrets": "SEARCH secrets USING INDEX secrets_by_holder (holder=?)",
    "forget_secrets": "SEARCH secrets USING INDEX secrets_ending (ends_at<?)",
    "forget_tests": "SEARCH deliveries USING INDEX deliveries_of_tests (created_at<?)",
    "prune_deliveries": "SEARCH deliveries USING COVERING INDEX deliveries_by_job (job=?)",
    "prune_attempts": "SEARCH delivery_attempts USING PRIMARY KEY (delivery=?)",
}
"""How each statement finds its rows: by an index that stays small, or by key."""
_LONG = (
    "jobs", "events", "results", "arguments", "checkpoints", "tombstones", "idempotency_keys", "inputs",
    "deliveries", "delivery_attempts", "endpoints", "secrets", "callbacks",
)  # fmt: skip
"""Tables that nobody walks through."""


@pytest.fixture
def db(file: Path) -> apsw.Connection:
    return open_database(file, "full")


def _plan(db: apsw.Connection, name: str) -> list[str]:
    sql = statement(name)
    named, unnamed = set(re.findall(r":(\w+)", sql)), sql.count("?")
    rows = db.execute(f"EXPLAIN QUERY PLAN {sql}", (None,) * unnamed if unnamed else dict.fromkeys(named)).fetchall()
    return [str(row[3]) for row in rows]


@pytest.mark.parametrize("name", sorted(_STARTS))
def test_rows_are_found_by_index(db: apsw.Connection, name: str) -> None:
    """F31: as quick with a million queued and ten million finished jobs as with ten. F68: and with 100,000 messages to a dead target."""
    assert _STARTS[name] in _plan(db, name)


@pytest.mark.parametrize("name", _STATEMENTS)
def test_no_statement_walks_a_whole_table_or_sorts(db: apsw.Connection, name: str) -> None:
    for step in _plan(db, name):
        assert not re.match(rf"SCAN ({'|'.join(_LONG)})$", step), step
        assert "ORDER BY" not in step, step


@pytest.mark.parametrize("name", _STATEMENTS)
def test_a_file_holds_one_statement_that_somebody_uses(name: str) -> None:
    assert ";" not in statement(name)
    assert any(f'"{name}"' in source.read_text() for source in _PACKAGE.glob("*.py"))


def test_jobs_are_written_by_statements_alone() -> None:
    """One place to look for whatever moves a job. A copy of a whole store moves none."""
    writes = re.compile(r"\b(UPDATE|INSERT INTO|DELETE FROM)\s+\w+\b", re.IGNORECASE)
    offenders = [
        path.name
        for path in _SOURCES
        if path.parent.name != "copying" and any("jobs" in found[0].lower() for found in writes.finditer(path.read_text()))
    ]
    assert offenders == []


def test_every_write_under_a_claim_carries_its_fence() -> None:
    assert "jobs.fence = held.fence AND jobs.status = 'running'" in statement("settle")
    for name in ("report", "checkpoint", "heartbeat"):
        assert "status = 'running' AND fence = :fence" in statement(name)
    assert "status = 'pending' AND fence = :fence AND dispatcher = :dispatcher" in statement("settle_delivery")


def test_a_sweeper_writes_under_the_whole_condition_it_looked_for() -> None:
    """F35: status, fence, and lease or worker; the lease's end alone would do today, and the others cost nothing."""
    condition = "CASE WHEN :worker IS NULL THEN lease_boot <> :boot_id OR lease_until <= :seconds ELSE worker = :worker END"
    assert condition in statement("stale")
    for part in ("status = 'running'", "fence = :fence", condition):
        assert part in statement("rescue").partition("WHERE seq = :job")[2]


def test_no_transaction_begins_as_a_reader() -> None:
    """F24: one that reads first and writes then is refused at once when another process wrote in between."""
    begins = [found for path in _SOURCES for found in re.findall(r'"BEGIN[^"]*"', path.read_text())]
    assert begins
    assert set(begins) == {'"BEGIN IMMEDIATE"'}


def test_no_other_sqlite_touches_the_file() -> None:
    """Another library on the same file in one process drops apsw's locks, and rows are lost."""
    for path in _SOURCES:
        assert not re.search(r"^\s*(import|from) (sqlite3|aiosqlite|sqlalchemy)\b", path.read_text(), re.MULTILINE), path


def test_sqlite_is_never_asked_what_time_it_is() -> None:
    """F41: its clock is the wall clock, which jumps; moments come as parameters."""
    clocks = re.compile(r"current_(time|date|timestamp)|\b(date|time|datetime|julianday|unixepoch|strftime|timediff)\s*\(", re.IGNORECASE)
    scripts = [*_PACKAGE.rglob("*.sql"), *_PACKAGE.glob("*.py")]
    assert len(scripts) > 50
    assert [script.name for script in scripts if clocks.search(script.read_text())] == []


def test_whoever_begins_a_transaction_is_known() -> None:
    """F24: the writer, and whoever makes the schema or copies a store; nobody begins one through apsw's context manager instead."""
    beginning = {path.relative_to(_PACKAGE.parents[1]).as_posix() for path in _SOURCES if '"BEGIN' in path.read_text()}
    assert beginning == {"store/sqlite/writer.py", "store/sqlite/migrate.py", "cli/copying/sqlite.py"}
