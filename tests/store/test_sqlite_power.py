"""F26: the power is cut, and what was written since the last sync is gone."""

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from coatcheck.clock import SystemClock
from coatcheck.domain.owner import SYSTEM
from coatcheck.settings import Settings
from coatcheck.store.contract import Listing
from coatcheck.store.sqlite import wal
from coatcheck.store.sqlite.store import SQLiteStore
from coatcheck.telemetry import Telemetry
from coatcheck.testing.conformance.scenario import COMPLETED, queued, running
from tests.store.power import Disk

BODY = b"x" * 10_000


@pytest.fixture
def disk() -> Iterator[Disk]:
    disk = Disk()
    yield disk
    disk.unregister()


async def _found(file: Path) -> set[str]:
    """The jobs in a file that is sound."""
    db = apsw.Connection(str(file), vfs="unix")
    assert db.pragma("integrity_check") == "ok"
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    jobs = {str(job_id) for (job_id,) in db.execute("SELECT id FROM jobs")} if "jobs" in tables else set()
    db.close()
    return jobs


@pytest.mark.parametrize("kept", ["none", "newest"])
async def test_with_full_durability_a_power_cut_takes_back_nothing_that_was_promised(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    """After any verb that has returned, across checkpoints, whichever writes the disk had not yet done."""
    monkeypatch.setattr(wal, "PAGES", 20)
    store = SQLiteStore(Settings(store=f"sqlite:///{tmp_path}/jobs.db", durability="full"), SystemClock(), Telemetry())
    await store.open()
    promised = set()
    for number in range(12):
        promised.add((await queued(store, arguments=BODY)).id)
        (folder := tmp_path / str(number)).mkdir()
        assert await _found(disk.after_power_cut(folder, keep_newest=kept == "newest")) == promised
    await store.settle(await running(store), COMPLETED)
    (folder := tmp_path / "settled").mkdir()
    db = apsw.Connection(str(disk.after_power_cut(folder, keep_newest=kept == "newest")), vfs="unix")
    assert db.execute("SELECT count(*) FROM jobs WHERE status = 'completed'").fetchall() == [(1,)]
    db.close()
    await store.close()


async def test_with_process_durability_a_power_cut_may_take_back_the_newest_and_breaks_nothing(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is what `durability="process"` gives up; the file is sound, and all up to some moment is in it."""
    monkeypatch.setattr(wal, "PAGES", 20)
    store = SQLiteStore(Settings(store=f"sqlite:///{tmp_path}/jobs.db", durability="process"), SystemClock(), Telemetry())
    await store.open()
    told, lost = list[str](), 0
    for number in range(30):
        told.append((await queued(store, arguments=BODY)).id)
        (folder := tmp_path / str(number)).mkdir()
        found = await _found(disk.after_power_cut(folder))
        assert found == set(told[: len(found)])
        lost = max(lost, len(told) - len(found))
    assert lost > 0
    assert found, "checkpoints sync"
    assert {job.id for job in await store.list(SYSTEM, Listing())} == set(told)
    await store.close()
