"""One key, many requests at once, an API that is killed all the while: one job. Short, on each kind of store."""

from pathlib import Path

import pytest

from chaos.stores import KINDS
from coatcheck.testing.postgresql import programs
from tests.chaos.test_kill_storm import POSTGRESQL, chaos
from tests.services import require


@pytest.mark.parametrize("store", KINDS)
def test_a_key_makes_one_job_whatever_is_killed(tmp_path: Path, store: str) -> None:
    """And everybody who sent it is told of that job, also while it is being retried."""
    require(store == "sqlite" or programs() is not None, POSTGRESQL)
    status, log, seen = chaos(tmp_path / "seen.json", "keys", "--keys", "12", "--at-once", "8", "--kills", "2", "--store", store)
    assert (status, seen["violations"]) == (0, []), log
    figures = seen["figures"]
    assert (figures["jobs"], figures["kills of an API process"], figures["requests answered"]) == (12, 2, 12 * 10)
    assert figures["requests answered as replays"] >= 12 * 10 - 12
