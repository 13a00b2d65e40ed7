"""Processes that are told to stop: once, twice, in a storm, and before they have quite begun."""

import signal
from collections.abc import Callable

import pytest

from coatcheck.domain.state import Status
from coatcheck.testing.harness import Process, eventually
from tests.faults.site import TARGET, Site, child, gone, told
from tests.services import on_sqlite

FOREVER = 600
"""A grace in seconds that no test waits for: only a second signal ends it."""


def test_sigterm_releases_long_jobs_at_the_end_of_the_grace_and_burns_no_attempt(site: Site) -> None:
    """F10: one that obeys, and one that ignores whatever it is told. Nothing is claimed in between."""
    site.serve(workers=0)
    worker = site.work(grace=1)
    obedient, stubborn = site.submit("wait", {"directory": str(site.directory)}), site.hold()
    site.runs(obedient, 1)
    site.runs(stubborn, 1)
    worker.signal(signal.SIGTERM)
    eventually(lambda: told(worker, "worker.draining"))
    late = site.submit("echo", {"text": "too late"})
    assert worker.ended() == 0
    jobs = {job.id: job for job in site.check(obedient, stubborn, late, ended=False)}
    for job_id in (obedient, stubborn):
        job = jobs[job_id]
        assert (job.status, job.attempt, job.failures, job.crashes) == (Status.QUEUED, 1, 0, 0)
        assert told(worker, "job.released", job=job_id)
    assert (jobs[late].status, jobs[late].attempt) == (Status.QUEUED, 0)
    assert told(worker, "worker.stopped")
    site.let_go()
    site.work()
    assert site.ended(obedient)["result"] == 2
    assert site.ended(stubborn)["result"]["attempt"] == 2
    assert site.ended(late)["result"] == "too late"


@pytest.mark.parametrize(("kind", "number"), [("sqlite", signal.SIGHUP), ("postgresql", signal.SIGTERM)])
def test_a_whole_service_ends_by_itself_while_a_client_holds_a_connection(site: Site, number: signal.Signals) -> None:
    """F10: the API and its workers, also when the terminal is closed; the connection that stays open holds up nothing."""
    server = site.serve(workers=2, grace=1)
    job_id = site.hold()
    site.runs(job_id, 1)
    children = server.children()
    server.signal(number)
    assert server.ended() == 0
    assert all(gone(pid) for pid in children)
    job = site.job(job_id, ended=False)
    assert (job.status, job.crashes, job.failures) == (Status.QUEUED, 0, 0)


@pytest.mark.parametrize(("kind", "number"), [("sqlite", signal.SIGINT), ("postgresql", signal.SIGTERM)])
def test_a_second_signal_ends_the_grace(site: Site, number: signal.Signals) -> None:
    """F11: whoever presses Ctrl-C twice means it. What ran is released all the same."""
    site.serve(workers=0)
    worker = site.work(grace=FOREVER)
    job_id = site.hold()
    site.runs(job_id, 1)
    worker.signal(number)
    eventually(lambda: told(worker, "worker.draining"))
    worker.signal(number)
    assert worker.ended() == 0
    job = site.job(job_id, ended=False)
    assert (job.status, job.attempt, job.crashes, job.failures) == (Status.QUEUED, 1, 0, 0)


@on_sqlite
def test_a_storm_of_signals_ends_in_order(site: Site) -> None:
    """F11: neither a deadlock nor a leaked claim."""
    site.serve(workers=0)
    worker = site.work(processes=2, grace=FOREVER)
    accepted = [site.hold() for _ in range(3)]
    for job_id in accepted:
        site.runs(job_id, 1)
    children = worker.children()
    for number in range(40):
        worker.signal(signal.SIGINT if number % 2 else signal.SIGTERM)
    assert worker.ended() == 0
    assert all(gone(pid) for pid in children)
    for job in site.check(*accepted, ended=False):
        assert (job.status, job.crashes, job.failures) == (Status.QUEUED, 0, 0)


BEFORE_THE_STORE: dict[str, Callable[[Process], object]] = {
    "at once": lambda process: True,
    "once it is a supervisor": lambda process: process.children(),
    "once the child is ours": lambda process: child(process, "_worker"),
}
WITH_THE_STORE: dict[str, Callable[[Process], object]] = {
    "once it claims": lambda process: told(process, "worker.started"),
    "once it runs a job": lambda process: told(process, "job.started"),
    "once it has run one": lambda process: told(process, "job.completed"),
}


@on_sqlite
@pytest.mark.parametrize(
    ("number", "moments"),
    [(signal.SIGTERM, BEFORE_THE_STORE | WITH_THE_STORE), (signal.SIGINT, BEFORE_THE_STORE)],
    ids=["SIGTERM", "SIGINT"],
)
def test_a_signal_at_any_moment_of_the_start_ends_it_and_leaks_no_claim(
    site: Site, number: signal.Signals, moments: dict[str, Callable[[Process], object]]
) -> None:
    """F11 with processes: before its handlers are there a process dies of the signal, after that it ends in order."""
    site.serve(workers=0)
    accepted = [site.submit("echo", {"text": str(text)}) for text in range(20)]
    for moment, reached in moments.items():
        accepted += [site.submit("echo", {"text": moment}) for _ in range(3)]
        worker = site.run("worker", TARGET, "--log-format", "json")
        eventually(lambda reached=reached, worker=worker: worker.status is not None or reached(worker))  # type: ignore[misc]
        children = worker.children() if worker.status is None else []
        worker.signal(number)
        status = worker.ended()
        assert status in (0, 1, 130, -number), worker.log
        eventually(lambda children=children: all(gone(pid) for pid in children))  # type: ignore[misc]
        held = [job for job in site.check(*accepted, ended=False) if job.status.held]
        assert not held or status != 0, (moment, held)
    site.work()
    for job_id in accepted:
        assert site.ended(job_id)["status"] == "completed"
    assert all(job.failures == 0 for job in site.check(*accepted))
