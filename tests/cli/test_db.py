import json
from pathlib import Path

import apsw
import psycopg
import pytest

from coatcheck.cli.exit import Exit
from coatcheck.store.postgres.migrate import known
from tests.cli.conftest import Coatcheck

KIOSK = """
import asyncio
from coatcheck import Coatcheck
jobs = Coatcheck(store="sqlite:///jobs.db")

@jobs.operation("/double")
def double(number: int) -> int:
    return 2 * number

async def fill():
    async with jobs.opened():
        await double.submit(1)
        await double.submit(2)
"""


@pytest.fixture(autouse=True)
def _kiosk(tmp_path: Path) -> None:
    (tmp_path / "kiosk.py").write_text(KIOSK)
    (tmp_path / "server.py").write_text(KIOSK.replace('store="sqlite:///jobs.db"', ""))


def test_upgrade_creates_the_store_and_says_what_it_did(coatcheck: Coatcheck, tmp_path: Path) -> None:
    created = json.loads(coatcheck("db", "upgrade", "kiosk:jobs", "--json").out)
    assert created == {"file": str(tmp_path / "jobs.db"), "from": None, "to": created["to"]}
    assert created["to"] >= 1
    assert coatcheck("db", "upgrade", "kiosk:jobs").out == f"jobs.db has schema {created['to']} already.\n"


def test_check_tells_what_is_in_the_store(coatcheck: Coatcheck, tmp_path: Path) -> None:
    fill(coatcheck)
    checked = coatcheck("db", "check", "kiosk:jobs", "--json")
    assert checked.status == Exit.OK
    found = json.loads(checked.out)
    assert found["file"] == str(tmp_path / "jobs.db")
    assert found["schema"] == found["knownSchema"]
    assert found["bytes"] + found["walBytes"] > 0
    assert (found["damages"], found["jobs"]) == ([], {"queued": 2})
    assert found["operations"] == {"double": {"queued": 2, "running": 0}}
    lines = [line.split() for line in coatcheck("db", "check", "kiosk:jobs").out.splitlines()]
    assert ["integrity", "ok"] in lines
    assert ["double", "2", "queued,", "0", "running"] in lines


def fill(coatcheck: Coatcheck) -> None:
    """Two queued jobs."""
    import asyncio

    assert coatcheck("db", "upgrade", "kiosk:jobs").status == Exit.OK
    import kiosk  # type: ignore[import-not-found]  # written by the fixture

    asyncio.run(kiosk.fill())


def test_check_finds_damage_and_ends_with_6(coatcheck: Coatcheck, tmp_path: Path) -> None:
    """Two entries of an index are swapped for others: the file opens, and its index lies."""
    fill(coatcheck)
    db = apsw.Connection(str(tmp_path / "jobs.db"))
    db.pragma("writable_schema", 1)
    db.execute("UPDATE sqlite_schema SET sql = replace(sql, '(owner)', '(operation)') WHERE name = 'jobs_by_owner'")
    db.close()
    checked = coatcheck("db", "check", "kiosk:jobs")
    assert checked.status == Exit.UNREACHABLE
    assert "damaged; restore a backup" in checked.out


@pytest.mark.parametrize(
    ("name", "said"), [("missing.db", "There is no job store"), ("kiosk.py", "unavailable"), ("foreign.db", "no job store")]
)
def test_check_of_what_is_no_store_ends_with_6(coatcheck: Coatcheck, tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "kiosk.py").write_text(KIOSK.replace("jobs.db", name) + "#" * 1000)
    foreign = apsw.Connection(str(tmp_path / "foreign.db"))
    foreign.execute("CREATE TABLE accounts (name TEXT)")
    foreign.close()
    checked = coatcheck("db", "check", "kiosk:jobs")
    assert (checked.status, checked.out) == (Exit.UNREACHABLE, "")
    assert said in checked.err


def test_a_store_on_postgresql_is_upgraded_and_checked_likewise(coatcheck: Coatcheck, database_url: str) -> None:
    """The SQL that is printed is the SQL that is run; once it is, there is none left to print."""
    store = ("--store", database_url)
    sql = coatcheck("db", "sql", "server:jobs", *store).out
    assert "CREATE TABLE" in sql
    missing = coatcheck("db", "check", "server:jobs", *store)
    assert (missing.status, "There is no job store" in missing.err) == (Exit.UNREACHABLE, True)
    with psycopg.connect(database_url) as db:
        db.execute(sql.encode())
    assert coatcheck("db", "sql", "server:jobs", *store).out == ""
    newest = known("coatcheck")
    assert f"has schema {newest} already" in coatcheck("db", "upgrade", "server:jobs", *store).out
    found = json.loads(coatcheck("db", "check", "server:jobs", *store, "--json").out)
    assert (found["schema"], found["knownSchema"], found["jobs"], found["operations"]) == (newest, newest, {}, {})
    assert "postgresql" in coatcheck("db", "check", "server:jobs", *store).out


def test_a_store_on_postgresql_that_cannot_be_asked_is_said_to_be_so(coatcheck: Coatcheck) -> None:
    printed = coatcheck("db", "sql", "server:jobs", "--store", "postgresql://ann:hunter2@127.0.0.1:1/jobs")
    first, second = printed.out.splitlines()[:2]
    assert first.startswith("-- From nothing, for it could not be asked what is there: The job store postgresql://127.0.0.1:1/jobs")
    assert second == 'CREATE SCHEMA IF NOT EXISTS "coatcheck";'
    assert "hunter2" not in printed.out + printed.err


@pytest.mark.parametrize("command", [("db", "check"), ("db", "sql"), ("db", "upgrade"), ("doctor",)])
def test_a_schema_on_postgresql_that_is_too_new_is_refused(coatcheck: Coatcheck, database_url: str, command: tuple[str, ...]) -> None:
    assert coatcheck("db", "upgrade", "server:jobs", "--store", database_url).status == Exit.OK
    with psycopg.connect(database_url, autocommit=True) as db:
        db.execute("INSERT INTO coatcheck.migrations (version, compatible_since) VALUES (99, 99)")
    refused = coatcheck(*command, "server:jobs", "--store", database_url)
    assert refused.status == Exit.USAGE
    assert "install a newer Coatcheck" in refused.out + refused.err


def test_the_sql_of_a_new_file_is_printed(coatcheck: Coatcheck, tmp_path: Path) -> None:
    assert "CREATE TABLE jobs" in coatcheck("db", "sql", "kiosk:jobs").out
    assert not (tmp_path / "jobs.db").exists()
