"""F41: processes on one host whose wall clocks are days apart. Leases do not ask them."""

import signal

from coatcheck.testing.harness import eventually
from tests.faults.site import LEASE, Site, kill, told
from tests.services import on_sqlite


def test_no_wall_clock_ends_a_lease_early_or_starts_a_job_twice(site: Site) -> None:
    """Workers a day ahead and an hour behind share a file with an API that is right, and sweep for leases all the time.

    A worker that is frozen loses its job meanwhile, by which the test knows that they have swept for longer than a lease.
    """
    site.serve(workers=0)
    frozen = site.work(lease=LEASE)
    lost = site.hold()
    ((_, _, pid),) = site.runs(lost, 1)
    frozen.signal(signal.SIGSTOP)
    kill(pid, signal.SIGSTOP)
    holder = site.run("worker", "application:ahead", "--log-format", "json")
    held = [site.hold() for _ in range(3)]
    for job_id in held:
        site.runs(job_id, 1)
    behind = site.run("worker", "application:behind", "--log-format", "json")
    eventually(lambda: told(behind, "worker.started"))
    right = site.work()
    others = [site.submit("echo", {"text": str(number)}) for number in range(12)]
    for job_id in others:
        assert site.ended(job_id)["status"] == "completed"
    site.runs(lost, 2)
    assert {site.state(job_id)["status"] for job_id in held} == {"running"}
    site.let_go()
    for job_id in (*held, lost):
        assert site.ended(job_id)["status"] == "completed"
    for process in (holder, behind, right):
        process.signal(signal.SIGTERM)
        assert process.ended() == 0
    crashes = {job.id: (job.attempt, job.crashes) for job in site.check(lost, *held, *others)}
    assert crashes.pop(lost) == (2, 1)
    assert set(crashes.values()) == {(1, 0)}


@on_sqlite
def test_a_wall_clock_that_is_ahead_does_not_prolong_a_lease(site: Site) -> None:
    """A worker a day ahead, frozen with its supervisor, loses its job once the boot clock says so."""
    site.serve(workers=0)
    frozen = site.run("worker", "application:ahead", lease=LEASE)
    job_id = site.hold()
    ((_, _, pid),) = site.runs(job_id, 1)
    frozen.signal(signal.SIGSTOP)
    kill(pid, signal.SIGSTOP)
    eventually(lambda: site.state(job_id)["status"] == "queued")
    assert site.job(job_id, ended=False).crashes == 1
