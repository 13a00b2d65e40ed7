"""One key, many requests at once, an API that is killed all the while: one job. Short, on a file; `make chaos` does PostgreSQL, too."""

from pathlib import Path

from tests.chaos.test_kill_storm import chaos


def test_a_key_makes_one_job_whatever_is_killed(tmp_path: Path) -> None:
    """And everybody who sent it is told of that job, also while it is being retried."""
    status, log, seen = chaos(tmp_path / "seen.json", "keys", "--keys", "12", "--at-once", "8", "--kills", "2")
    assert (status, seen["violations"]) == (0, []), log
    figures = seen["figures"]
    assert (figures["jobs"], figures["kills of an API process"], figures["requests answered"]) == (12, 2, 12 * 10)
    assert figures["requests answered as replays"] >= 12 * 10 - 12
