"""Whole services that are killed, so that nobody is left who saw it: whoever comes next sees that their processes are gone.

No lease ends here in any time a test has, so that nothing else can have taken a job back.
"""

import signal

from coatcheck.domain.state import Status
from coatcheck.testing.harness import eventually
from tests.faults.site import TARGET, Site, gone, told
from tests.services import on_postgresql, on_sqlite

FOR_EVER = 3600.0


@on_sqlite
def test_what_an_embedded_worker_was_running_runs_again_once_it_is_started_again(site: Site) -> None:
    """F01 of a web process with the worker in it."""
    first = site.embed(lease=FOR_EVER)
    job_id = site.hold()
    ((_, fence, pid),) = site.runs(job_id, 1)
    assert pid == first.pid
    first.kill()
    second = site.embed(lease=FOR_EVER)
    again = site.runs(job_id, 2)[1]
    assert again[1] > fence
    assert again[2] == second.pid
    site.let_go()
    assert site.ended(job_id)["result"] == {"attempt": 2, "fence": again[1]}
    job = site.job(job_id)
    assert (job.status, job.attempt, job.crashes, job.failures) == (Status.COMPLETED, 2, 1, 0)


@on_postgresql
def test_what_an_embedded_worker_was_running_is_taken_over_by_a_neighbour(site: Site) -> None:
    doomed = site.embed(lease=FOR_EVER)
    job_id = site.hold()
    site.runs(job_id, 1)
    neighbour = site.work(lease=FOR_EVER)
    doomed.kill()
    site.runs(job_id, 2)
    site.let_go()
    eventually(lambda: told(neighbour, "job.completed", job=job_id))
    assert len(told(neighbour, "worker.lost", reason="its process is gone")) == 1
    assert site.job(job_id).crashes == 1


@on_sqlite
def test_everything_killed_at_once_ends_every_accepted_job_once_it_is_started_again(site: Site) -> None:
    """F09: the supervisor is killed, and with it the kernel ends its children."""
    server = site.serve(workers=2, lease=FOR_EVER)
    accepted = [site.hold() for _ in range(4)]
    accepted += [site.submit("count", {"directory": str(site.directory), "rows": 100}) for _ in range(2)]
    for job_id in accepted:
        site.runs(job_id, 1)
    accepted += [site.submit("echo", {"text": str(number)}) for number in range(50)]
    children = server.children()
    server.kill()
    eventually(lambda: all(gone(pid) for pid in children))
    site.check(*accepted, ended=False)
    site.let_go()
    site.serve(workers=2, lease=FOR_EVER)
    for job_id in accepted:
        assert site.ended(job_id)["status"] == "completed"
    jobs = site.check(*accepted)
    assert len(jobs) == len(accepted)
    assert all(job.failures == 0 for job in jobs)
    assert any(job.crashes for job in jobs)


@on_sqlite
def test_a_job_that_kills_the_supervisor_every_time_is_given_up_after_three(site: Site) -> None:
    """F13: all workers go down with it, and are started again as an init system would."""
    site.serve(workers=0)
    poisoned = site.submit("poison", {"directory": str(site.directory), "whom": "supervisor"})
    for crash in (1, 2, 3):
        supervisor = site.run("worker", TARGET, lease=FOR_EVER)
        site.runs(poisoned, crash)
        assert supervisor.ended() == -signal.SIGKILL
    site.work()
    assert site.ended(poisoned)["error"]["type"].endswith("/problems/worker-lost")
    assert (site.job(poisoned).crashes, len(site.runs(poisoned, 3))) == (3, 3)
