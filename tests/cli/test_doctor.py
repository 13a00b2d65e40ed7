import json
import os
from pathlib import Path

import apsw
import psycopg
import pytest

from coatcheck.cli.exit import Exit
from coatcheck.clock import SystemClock
from tests.cli.conftest import Coatcheck

KIOSK = """
from coatcheck import Coatcheck
jobs = Coatcheck({arguments})

@jobs.operation("/double")
def double(number: int) -> int:
    return 2 * number
"""


def verdicts(examined: str) -> dict[str, str]:
    return {finding["subject"]: finding["verdict"] for finding in json.loads(examined)}


def test_a_sound_set_up_has_no_fail(coatcheck: Coatcheck, tmp_path: Path) -> None:
    (tmp_path / "kiosk.py").write_text(KIOSK.format(arguments="authenticate=lambda request: 'ann'"))
    examined = coatcheck("doctor", "kiosk:jobs", "--json")
    assert examined.status == Exit.OK
    found = verdicts(examined.out)
    assert set(found.values()) <= {"ok", "warn"}
    for subject in (
        "python",
        "apsw",
        "sqlite",
        "boot clock",
        "descriptors",
        "application",
        "operations",
        "authentication",
        "webhooks",
        "store",
        "log",
        "schema",
    ):
        assert found[subject] == "ok"
    assert not list(tmp_path.glob("*.db*")), "an examination creates nothing"


def test_no_hook_and_no_operation_are_warnings(coatcheck: Coatcheck, tmp_path: Path) -> None:
    (tmp_path / "kiosk.py").write_text("from coatcheck import Coatcheck\njobs = Coatcheck()\n")
    examined = coatcheck("doctor", "kiosk:jobs")
    assert examined.status == Exit.OK
    warned = [line.split()[1] for line in examined.out.splitlines() if line.startswith("warn")]
    assert {"operations", "authentication"} <= set(warned)


def test_webhooks_that_nobody_would_send_are_a_warning(coatcheck: Coatcheck, tmp_path: Path) -> None:
    """Jobs would owe them, and nothing else would say why they stay pending."""
    (tmp_path / "kiosk.py").write_text(KIOSK.format(arguments="").replace('"/double"', '"/double", webhooks=True'))
    examined = coatcheck("doctor", "kiosk:jobs")
    (said,) = [line for line in examined.out.splitlines() if line.split()[1] == "webhooks"]
    assert said.startswith("warn")
    assert "set COATCHECK_PUBLIC_URL" in said


def test_without_a_target_it_examines_the_machine_only(coatcheck: Coatcheck) -> None:
    examined = coatcheck("doctor", "--json")
    assert examined.status == Exit.OK
    assert "application" not in verdicts(examined.out)


@pytest.mark.parametrize(
    ("target", "store", "subject"),
    [
        ("nowhere:jobs", "sqlite:///jobs.db", "application"),
        ("kiosk:jobs", "sqlite:///nowhere/jobs.db", "store"),
        ("kiosk:jobs", "sqlite:///kiosk.py", "schema"),
        ("kiosk:jobs", "sqlite:///foreign.db", "schema"),
        ("kiosk:jobs", "sqlite:///newer.db", "schema"),
    ],
)
def test_what_cannot_work_is_a_fail(coatcheck: Coatcheck, tmp_path: Path, target: str, store: str, subject: str) -> None:
    (tmp_path / "kiosk.py").write_text(KIOSK.format(arguments="") + "#" * 1000)
    make_databases(coatcheck, tmp_path)
    examined = coatcheck("doctor", target, "--store", store, "--json")
    assert examined.status == Exit.USAGE
    assert [name for name, verdict in verdicts(examined.out).items() if verdict == "fail"] == [subject]


def make_databases(coatcheck: Coatcheck, tmp_path: Path) -> None:
    foreign = apsw.Connection(str(tmp_path / "foreign.db"))
    foreign.execute("CREATE TABLE accounts (name TEXT)")
    foreign.close()
    assert coatcheck("db", "upgrade", "kiosk:jobs", "--store", "sqlite:///newer.db").status == Exit.OK
    newer = apsw.Connection(str(tmp_path / "newer.db"))
    newer.pragma("user_version", 9999)
    newer.close()


def test_a_log_that_a_reader_keeps_is_a_warning(coatcheck: Coatcheck, tmp_path: Path) -> None:
    """F25: nothing else makes it that long. The file is sparse, and its end is no part of the log."""
    (tmp_path / "kiosk.py").write_text(KIOSK.format(arguments="store='sqlite:///jobs.db'"))
    assert coatcheck("db", "upgrade", "kiosk:jobs").status == Exit.OK
    os.truncate(tmp_path / "jobs.db-wal", 200 * 1024**2)
    examined = coatcheck("doctor", "kiosk:jobs")
    (line,) = [line for line in examined.out.splitlines() if line.split()[1] == "log"]
    assert line.startswith("warn")
    assert "200.0 MiB" in line
    assert "a reader that began long ago" in line
    assert "a reader that began long ago" in coatcheck("db", "check", "kiosk:jobs").out


def test_a_sqlite_with_the_race_is_a_warning(coatcheck: Coatcheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """F25: 3.51.3 is the first without it."""
    for version, verdict in (("3.51.2", "warn"), ("3.51.3", "ok"), ("3.100.0", "ok")):
        monkeypatch.setattr(apsw, "sqlite_lib_version", lambda version=version: version)
        assert verdicts(coatcheck("doctor", "--json").out)["sqlite"] == verdict


def test_a_database_that_takes_no_writes_is_a_fail(coatcheck: Coatcheck, tmp_path: Path, database_url: str) -> None:
    """As a standby is."""
    (tmp_path / "kiosk.py").write_text(KIOSK.format(arguments="embedded_worker=False"))
    assert verdicts(coatcheck("doctor", "kiosk:jobs", "--store", database_url, "--json").out)["store"] == "ok"
    with psycopg.connect(database_url, autocommit=True) as db:
        db.execute(f"ALTER DATABASE {database_url.rpartition('/')[2]} SET default_transaction_read_only = on".encode())
    assert verdicts(coatcheck("doctor", "kiosk:jobs", "--store", database_url, "--json").out)["store"] == "fail"


def test_a_role_that_may_not_use_all_tables_is_a_fail(coatcheck: Coatcheck, tmp_path: Path, database_url: str) -> None:
    """As one that was granted those which were there before an upgrade."""
    (tmp_path / "kiosk.py").write_text(KIOSK.format(arguments="embedded_worker=False"))
    assert coatcheck("db", "upgrade", "kiosk:jobs", "--store", database_url).status == Exit.OK
    role = database_url.rpartition("/")[2]
    with psycopg.connect(database_url, autocommit=True) as db:
        db.execute(
            f"""CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA coatcheck TO {role};
            GRANT ALL ON ALL TABLES IN SCHEMA coatcheck TO {role}; REVOKE DELETE ON coatcheck.events FROM {role}""".encode()
        )
        try:
            examined = coatcheck("doctor", "kiosk:jobs", "--store", database_url.replace("//postgres@", f"//{role}@"))
            (line,) = [line for line in examined.out.splitlines() if line.split()[1] == "store"]
            assert line.startswith("fail")
            assert "may not use events, job_numbers; grant" in line
        finally:
            db.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


def test_clocks_that_differ_are_a_warning(coatcheck: Coatcheck, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """F42."""
    (tmp_path / "kiosk.py").write_text(KIOSK.format(arguments="embedded_worker=False"))
    really = SystemClock.now
    monkeypatch.setattr(SystemClock, "now", lambda self: really(self) + 60)
    examined = coatcheck("doctor", "kiosk:jobs", "--store", database_url)
    (line,) = [line for line in examined.out.splitlines() if line.split()[1] == "clocks"]
    assert line.startswith("warn")
    assert "the server's is 60 s behind this host's" in line
