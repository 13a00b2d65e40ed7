"""F28: processes of two versions on one database, while the newer one is rolled out, and taken back."""

import shutil
import signal
from pathlib import Path

import psycopg
import pytest

import coatcheck
from coatcheck.store.postgres.migrate import known
from coatcheck.testing.harness import Process
from tests.faults.site import Site
from tests.services import on_postgresql

ADDITIVE = f"""-- compatible since {known("coatcheck")}
ALTER TABLE {{schema}}.jobs ADD COLUMN priority integer NOT NULL DEFAULT 0;
ALTER TABLE {{schema}}.events ADD COLUMN host text;
CREATE TABLE {{schema}}.hooks (job bigint PRIMARY KEY, url text NOT NULL);
"""


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """Where a Coatcheck is that knows one schema more."""
    package = tmp_path / "newer" / "coatcheck"
    shutil.copytree(Path(coatcheck.__file__).parent, package, ignore=shutil.ignore_patterns("*.pyc.*"))
    number = known("coatcheck") + 1
    (package / "store" / "postgres" / "migrations" / f"{number:04}_priority.sql").write_text(ADDITIVE)
    return package.parent


@on_postgresql
def test_old_and_new_processes_work_side_by_side_and_back(site: Site, empty_store: str, newer: Path) -> None:
    """An old worker's run goes on through the upgrade; each version runs what the other accepted; the old one is started anew."""
    old_api, old_worker = site.serve(workers=0), site.work()
    through = site.hold()
    site.runs(through, 1)
    assert schema(empty_store) == known("coatcheck")

    new_worker = site.work(package=newer)
    assert schema(empty_store) == known("coatcheck") + 1
    accepted = [through, *(site.submit("echo", {"text": str(number)}) for number in range(20))]
    site.let_go()
    for job_id in accepted:
        assert site.ended(job_id)["status"] == "completed"

    stop(old_worker)
    accepted.append(site.submit("count", {"directory": str(site.directory), "rows": 30}))
    assert site.ended(accepted[-1])["result"] == 30  # of the old API, by the new worker
    stop(old_api)
    new_api = site.serve(workers=0, package=newer)
    stop(new_worker)
    site.work()
    accepted.append(site.submit("count", {"directory": str(site.directory), "rows": 30}))
    assert site.ended(accepted[-1])["result"] == 30  # of the new API, by an old worker that was started on the newer schema
    stop(new_api)
    site.serve(workers=0)
    assert site.state(through)["result"] == {"attempt": 1, "fence": 1}
    assert {(job.attempt, job.crashes) for job in site.check(*accepted)} == {(1, 0)}


def schema(url: str) -> int:
    with psycopg.connect(url) as db:
        [(number,)] = db.execute("SELECT max(version) FROM coatcheck.migrations").fetchall()
        assert isinstance(number, int)
        return number


def stop(process: Process) -> None:
    process.signal(signal.SIGTERM)
    assert process.ended() == 0, process.log
