"""What a claim of deliveries costs."""

from pathlib import Path

import apsw
import pytest

from coatcheck.clock import BootTime
from coatcheck.store.deliveries import Due
from coatcheck.store.sqlite.dispatch import claim_deliveries, targets_due
from coatcheck.store.sqlite.migrate import open_database

NOW = 1_000.0
BOOT = BootTime("boot-1", 1_000.0)
DUE = Due(limit=50, per_target=5, lease=30.0)
OTHERS = 10
"""Targets with one message each."""
_FILL = """
    WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {many})
    INSERT INTO deliveries (id, owner, occasion, url, target, created_at, next_at)
    SELECT 'dead-' || n, 'ann', 'job.completed', 'https://dead.example/', 'https://dead.example', 1, {next_at} FROM number;
    WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {others})
    INSERT INTO deliveries (id, owner, occasion, url, target, created_at, next_at)
    SELECT 'live-' || n, 'ann', 'job.completed', 'https://' || n || '/', 'https://' || n, 900, 900 FROM number;
"""
_STATES = {
    "due": "",
    "circuit open": "INSERT INTO circuits VALUES ('https://dead.example', 9, 1100)",
    "circuit half-open": "INSERT INTO circuits VALUES ('https://dead.example', 9, 900)",
    "enough under way": """
        UPDATE deliveries SET dispatcher = 'd', fence = 1, lease_boot = 'boot-1', lease_until = 1010
        WHERE id IN ('dead-1', 'dead-2', 'dead-3', 'dead-4', 'dead-5')
    """,
    "circuit half-open, and more under way": """
        INSERT INTO circuits VALUES ('https://dead.example', 9, 900);
        UPDATE deliveries SET dispatcher = 'd', fence = 1, lease_boot = 'boot-1', lease_until = 1010
        WHERE id IN ('dead-1', 'dead-2', 'dead-3')
    """,
    "all later": "",
}
"""How a target may stand that has a long queue."""


def _steps(file: Path, state: str, many: int) -> tuple[int, int, int]:
    """Instructions of SQLite's machine that a look and a claim take; and how many messages to others the claim has got."""
    db = open_database(file, "process")
    db.execute(_FILL.format(many=many, others=OTHERS, next_at=2_000 if state == "all later" else 500))
    db.execute(_STATES[state])
    counted = 0

    def count() -> bool:
        nonlocal counted
        counted += 1
        return False

    db.set_progress_handler(count, 10)
    targets_due(db, DUE, NOW, BOOT)
    looked, counted = counted, 0
    claims = claim_deliveries(db, "dispatcher-1", DUE, NOW, BOOT)
    db.set_progress_handler(None)
    db.close()
    return looked, counted, sum(claim.delivery.url != "https://dead.example/" for claim in claims)


@pytest.mark.parametrize("state", _STATES)
def test_a_long_queue_to_one_target_makes_no_claim_slower(tmp_path: Path, state: str) -> None:
    """F68: a receiver that is dead, with 100,000 messages waiting for it, is in nobody's way."""
    few_looked, few_claimed, _ = _steps(tmp_path / "few.db", state, 100)
    looked, claimed, others = _steps(tmp_path / "many.db", state, 20_000)
    assert others == OTHERS
    assert looked < 2 * few_looked
    assert claimed < 2 * few_claimed


def test_the_next_look_finds_what_the_circuit_lets_through(tmp_path: Path) -> None:
    """The very states above, in what they let be claimed of the long queue."""
    found = {}
    for state, script in _STATES.items():
        db = open_database(tmp_path / f"{state}.db", "process")
        db.execute(_FILL.format(many=100, others=OTHERS, next_at=2_000 if state == "all later" else 500))
        db.execute(script)
        claims = claim_deliveries(db, "dispatcher-1", DUE, NOW, BOOT)
        found[state] = sum(claim.delivery.url == "https://dead.example/" for claim in claims)
        db.close()
    assert {state for state, number in found.items() if not number} == found.keys() - {"due", "circuit half-open"}
    assert (found["due"], found["circuit half-open"]) == (5, 1)


def test_an_idle_look_takes_no_lock(tmp_path: Path) -> None:
    db = open_database(tmp_path / "jobs.db", "process")
    db.execute("PRAGMA query_only = ON")
    assert targets_due(db, DUE, NOW, BOOT) == []
    with pytest.raises(apsw.ReadOnlyError):
        db.execute("DELETE FROM circuits")
