"""Zombies: workers that are frozen past their lease, and come back to life when another has done their job."""

import signal

from coatcheck.domain.state import Status
from coatcheck.testing.harness import eventually
from tests.faults.site import LEASE, Site, child, kill, told
from tests.services import on_postgresql, on_sqlite


def test_whatever_a_thawed_worker_still_writes_lands_nowhere_and_is_told(site: Site) -> None:
    """F12. The supervisor above it lives, and keeps no lease of a frozen worker."""
    site.serve(workers=0)
    zombie = site.work(lease=LEASE)
    job_id = site.hold()
    ((_, fence, pid),) = site.runs(job_id, 1)
    kill(pid, signal.SIGSTOP)
    other = site.work()
    second = site.runs(job_id, 2)[1]
    assert second[1] > fence
    assert second[2] == child(other, "_worker")
    site.let_go(attempt=1)
    kill(pid, signal.SIGCONT)
    eventually(lambda: told(zombie, "job.late_write", job=job_id))
    assert site.state(job_id)["status"] == "running"
    site.let_go()
    assert site.ended(job_id)["result"] == {"attempt": 2, "fence": second[1]}
    job = site.job(job_id)
    assert (job.status, job.attempt, job.crashes) == (Status.COMPLETED, 2, 1)


@on_postgresql
def test_an_ending_that_was_sent_too_late_lands_nowhere_and_is_told(site: Site) -> None:
    """F12: its worker is frozen at the very moment it is about to settle, so that no heartbeat can warn it first.

    Not on a file: there it would be frozen within the transaction of the only writer.
    """
    site.serve(workers=0)
    zombie = site.work(failpoints="settle.before_commit=stop", lease=LEASE)
    job_id = site.hold()
    ((_, _, pid),) = site.runs(job_id, 1)
    site.let_go(attempt=1)
    site.work()
    fence = site.runs(job_id, 2)[1][1]
    kill(pid, signal.SIGCONT)
    eventually(lambda: told(zombie, "job.late_write", job=job_id, write="settle"))
    assert site.state(job_id)["status"] == "running"
    site.let_go()
    assert site.ended(job_id)["result"] == {"attempt": 2, "fence": fence}
    assert site.job(job_id).crashes == 1


@on_sqlite
def test_a_thawed_worker_goes_on_with_other_jobs(site: Site) -> None:
    """F12: it forgets the job it lost, and nothing else."""
    site.serve(workers=0)
    zombie = site.work(lease=LEASE)
    job_id = site.submit("wait", {"directory": str(site.directory)})
    ((_, _, pid),) = site.runs(job_id, 1)
    kill(pid, signal.SIGSTOP)
    other = site.work()
    assert site.ended(job_id)["result"] == 2
    other.signal(signal.SIGTERM)
    assert other.ended() == 0
    kill(pid, signal.SIGCONT)
    eventually(lambda: told(zombie, "job.late_write", job=job_id))
    next_id = site.submit("echo", {"text": "alive"})
    assert site.ended(next_id)["result"] == "alive"
    site.check(job_id, next_id)


@on_sqlite
def test_a_worker_frozen_for_good_is_killed_and_replaced(site: Site) -> None:
    """F12: no sign of life for `stall_limit`, three seconds here."""
    server = site.serve(stall_limit=3)
    job_id = site.hold()
    ((_, _, pid),) = site.runs(job_id, 1)
    kill(pid, signal.SIGSTOP)
    second = site.runs(job_id, 2)[1]
    assert second[2] != pid
    site.let_go()
    assert site.ended(job_id)["result"]["attempt"] == 2
    assert any("no sign of life" in line["reason"] for line in told(server, "worker.lost"))
    site.check(job_id)
