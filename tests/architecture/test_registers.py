"""What is listed is used, and what is used is listed: failpoints, telemetry events."""

from pathlib import Path

from coatcheck import failpoints
from coatcheck.blobs.directory import BlobDirectory
from coatcheck.clock import SystemClock
from coatcheck.failpoints import NAMES, arm
from coatcheck.settings import Settings
from coatcheck.store.sqlite.store import SQLiteStore
from coatcheck.telemetry import EVENTS, Telemetry
from coatcheck.testing.conformance.scenario import COMPLETED, WORKER, running
from tests.architecture.sources import calls, production, strings


async def test_every_failpoint_is_passed_in_the_life_of_a_job(tmp_path: Path) -> None:
    """A point that no code passes would make the tests of crashes pass for nothing."""
    store = SQLiteStore(Settings(store=f"sqlite:///{tmp_path}/jobs.db"), SystemClock(), Telemetry())
    await store.open()
    arm(";".join(f"{name}=sleep:0" for name in NAMES))
    await store.settle(await running(store), COMPLETED)
    await running(store)
    await store.rescue(WORKER)
    BlobDirectory(tmp_path / "blobs", SystemClock()).write([b"result"])
    await store.close()
    assert list(failpoints._armed) == []


def test_every_failpoint_in_the_code_is_in_the_list() -> None:
    passed = {name for _, call in calls("failpoint") for name in strings(call.args[0])}
    suffixes = {name for name in passed if name.startswith(".")}
    assert passed - suffixes <= set(NAMES)
    assert all(any(name.endswith(suffix) for name in NAMES) for suffix in suffixes)


def test_every_telemetry_event_in_the_code_is_in_the_table() -> None:
    emitted = {(path, name) for path, call in calls("emit") for name in strings(call.args[0])}
    assert {(path, name) for path, name in emitted if name not in EVENTS} == set()


def test_every_telemetry_event_in_the_table_is_emitted() -> None:
    written = {name for path, module in production().items() if path not in ("telemetry.py", "observe/logs.py") for name in strings(module)}
    assert set(EVENTS) - written == set()
