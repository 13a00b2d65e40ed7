"""Workers that are killed, at the worst moments."""

import signal

import pytest

from coatcheck.domain.state import Status
from coatcheck.testing.harness import eventually
from tests.faults.site import TARGET, Site, kill, told
from tests.services import on_postgresql, on_sqlite


def test_a_worker_killed_in_mid_job_costs_a_crash_and_no_retry(site: Site) -> None:
    """F01: kill -9 in mid-job. The job runs again under a higher fence.

    At once: its lease is a minute here, longer than the test waits, so that only the supervisor can have taken it back.
    """
    server = site.serve(lease=60)
    job_id = site.hold()
    ((attempt, fence, pid),) = site.runs(job_id, 1)
    kill(pid)
    second = site.runs(job_id, 2)[1]
    assert second[0] == attempt + 1
    assert second[1] > fence
    assert second[2] != pid
    site.let_go()
    assert site.ended(job_id)["result"] == {"attempt": 2, "fence": second[1]}
    job = site.job(job_id)
    assert (job.status, job.attempt, job.crashes, job.failures) == (Status.COMPLETED, 2, 1, 0)
    assert told(server, "worker.lost", reason="SIGKILL")
    assert told(server, "job.rescued", job=job_id)


@on_sqlite
def test_a_killed_import_goes_on_from_its_checkpoint(site: Site) -> None:
    """F01 with work that was kept: the rows that were done are not done again."""
    site.serve()
    job_id = site.submit("count", {"directory": str(site.directory), "rows": 400})
    ((_, _, pid),) = site.runs(job_id, 1)
    eventually(lambda: (site.state(job_id)["percentComplete"] or 0) >= 20)
    kill(pid)
    site.runs(job_id, 2)
    first = eventually(lambda: (site.state(job_id)["progressDetail"] or {}).get("current"))
    assert first >= 80
    assert site.ended(job_id)["result"] == 400


@on_postgresql
def test_a_worker_killed_before_it_commits_an_ending_has_the_job_run_again(site: Site) -> None:
    """F03: outside effects are at-least-once."""
    site.serve(workers=0)
    job_id = site.hold()
    site.let_go()
    doomed = site.work(failpoints="settle.before_commit=kill")
    assert site.runs(job_id, 1)[0][0] == 1
    eventually(lambda: told(doomed, "worker.lost"))
    doomed.signal(signal.SIGTERM)
    assert doomed.ended() == 0
    site.work()
    assert site.ended(job_id)["result"]["attempt"] >= 2
    job = site.job(job_id)
    assert job.status is Status.COMPLETED
    assert 1 <= job.crashes < 3
    assert job.failures == 0


@on_postgresql
def test_a_worker_killed_right_after_it_committed_an_ending_does_not_run_the_job_again(site: Site) -> None:
    """F04: what was committed stands."""
    site.serve(workers=0)
    job_id = site.hold()
    site.let_go()
    doomed = site.work(failpoints="settle.after_commit=kill")
    eventually(lambda: told(doomed, "worker.lost"))
    assert site.ended(job_id)["result"] == {"attempt": 1, "fence": 1}
    other = site.submit("echo", {"text": "another"})
    site.work()
    site.ended(other)
    job = site.job(job_id)
    assert (job.status, job.attempt, job.crashes) == (Status.COMPLETED, 1, 0)
    assert len(site.runs(job_id, 1)) == 1


@pytest.mark.parametrize(("kind", "point"), [("sqlite", "claim.before_commit"), ("postgresql", "claim.after_commit")])
def test_a_worker_killed_while_it_claims_leaves_a_job_that_another_runs(site: Site, point: str) -> None:
    site.serve(workers=0)
    job_id = site.submit("echo", {"text": "hello"})
    doomed = site.run("worker", TARGET, "--log-format", "json", failpoints=f"{point}=kill")
    eventually(lambda: told(doomed, "worker.lost"))
    doomed.kill()
    site.work()
    assert site.ended(job_id)["result"] == "hello"
    job = site.job(job_id)
    assert job.crashes == job.attempt - 1
    assert job.failures == 0


@on_postgresql
def test_a_job_that_kills_its_worker_every_time_is_given_up_after_three(site: Site) -> None:
    """F13: failed with the reason, for all to see, and it can be retried by hand. Its neighbours are done all the same."""
    server = site.serve()
    poisoned = site.submit("poison", {"directory": str(site.directory), "whom": "worker"})
    assert site.ended(poisoned)["error"]["type"].endswith("/problems/worker-lost")
    neighbour = site.submit("echo", {"text": "still here"})
    assert site.ended(neighbour)["result"] == "still here"
    assert len(site.runs(poisoned, 3)) == 3
    job = site.job(poisoned)
    assert (job.status, job.crashes, job.failures) == (Status.FAILED, 3, 0)
    assert len(told(server, "worker.lost")) == 3
    (site.directory / "cured").touch()
    assert site.api.post(f"/jobs/{poisoned}/retry").status_code in (200, 202)
    assert site.ended(poisoned)["result"] == 4
    site.check(poisoned, neighbour)
