"""A PostgreSQL that is well, and connections to it that are not."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import psycopg

from coatcheck.store.postgres.statement import statement
from coatcheck.testing.harness import eventually
from tests.faults.line import Line
from tests.faults.site import LEASE, Site, told

LISTENERS = "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"


def listeners(url: str) -> set[int]:
    """Pids of the server's processes that somebody listens to."""
    with psycopg.connect(url) as db:
        return {pid for (pid,) in db.execute(f"SELECT pid {LISTENERS}".encode())}


def test_jobs_start_though_only_the_listening_connections_were_cut_and_all_listen_again(remote: Site, frail_store: str) -> None:
    """F18."""
    remote.serve()
    before = eventually(lambda: listeners(frail_store))
    with psycopg.connect(frail_store, autocommit=True) as db:
        db.execute(f"SELECT pg_terminate_backend(pid, 5000) {LISTENERS}".encode())
    job_id = remote.submit("echo", {"text": "nobody was told"})
    assert remote.ended(job_id)["result"] == "nobody was told"
    eventually(lambda: len(listeners(frail_store) - before) >= len(before))
    remote.check(job_id)


def test_whatever_is_asked_while_packets_vanish_is_refused_and_answered_once_they_arrive_again(remote: Site, wire: Line) -> None:
    """F19: connections stay open and say nothing. Each call ends before its client gives up."""
    remote.serve()
    first = remote.submit("echo", {"text": "before"})
    remote.ended(first)
    with httpx2.Client(base_url=remote.api.base_url, timeout=30) as client:
        calls = [("POST", "/echo"), ("GET", f"/jobs/{first}"), ("GET", "/readyz"), ("GET", "/jobs"), ("DELETE", f"/jobs/{first}")]
        wire.fall_silent()
        with asking(client, *calls) as answers:
            eventually(lambda: len(answers) == len(calls))
        wire.speak()
    assert {answer.status_code for answer in answers} == {503}
    eventually(remote.answers)
    second = remote.submit("echo", {"text": "after"})
    assert remote.ended(second)["result"] == "after"
    jobs = remote.check(first, second)
    assert all(job.failures == 0 for job in jobs)


def test_leases_are_kept_while_requests_and_reports_use_up_every_connection(remote: Site, frail_store: str) -> None:
    """F20: each process has one connection for its requests, and it is stuck behind somebody's lock."""
    remote.serve(connections=1, lease=2 * LEASE)
    held = remote.hold()
    counting = remote.submit("count", {"directory": str(remote.directory), "rows": 200})
    for job_id in (held, counting):
        remote.runs(job_id, 1)
    with psycopg.connect(frail_store, autocommit=True) as db, psycopg.connect(frail_store) as blocker:

        def leases() -> list[float]:
            return [seconds for (seconds,) in db.execute("SELECT lease_until FROM coatcheck.jobs WHERE status = 'running'")]

        blocker.execute("LOCK TABLE coatcheck.events")
        before = max(leases())
        with asking(remote.api, *[("GET", f"/jobs/{held}/events")] * 4) as answers:
            eventually(lambda: len(answers) >= 3)
            assert {answer.status_code for answer in answers[:3]} == {503}
            eventually(lambda: len(leases()) == 2 and min(leases()) > before + 2 * LEASE)
            blocker.rollback()
    remote.let_go()
    for job_id in (held, counting):
        assert remote.ended(job_id)["status"] == "completed"
    assert {(job.attempt, job.crashes) for job in remote.check(held, counting)} == {(1, 0)}


def test_a_service_opens_no_more_connections_than_it_may(remote: Site, frail_store: str) -> None:
    """In each process: `connections` for requests, as many for files, one for leases, and two for hints. They stay open."""
    service = remote.serve(workers=2, connections=2)
    accepted = [remote.submit("count", {"directory": str(remote.directory), "rows": 60}) for _ in range(10)]
    accepted += [remote.submit("document", {"directory": str(remote.directory), "size": 1000}) for _ in range(10)]
    with asking(remote.api, *[("GET", "/jobs")] * 16) as answers:
        eventually(lambda: len(answers) == 16)
    for job_id in accepted:
        assert remote.ended(job_id)["status"] == "completed"
    processes = 1 + len(service.children())
    with psycopg.connect(frail_store) as db:
        [(count,)] = db.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'coatcheck'").fetchall()
    assert processes == 4
    assert processes < count <= processes * (2 * 2 + 3)
    remote.check(*accepted)


def test_a_request_whose_commit_was_confirmed_to_nobody_is_accepted_once(remote: Site, wire: Line) -> None:
    """F21: the connection ends between the commit of a request and its confirmation; its client notices nothing."""
    remote.serve(workers=0)
    remote.submit("echo", {"text": "first, for this is where places in the queue are counted"})
    for text in ("lost on the way", "and lost again"):
        wire.lose_answer(text.encode())
        remote.submit("echo", {"text": text})
    assert wire.lost == 2
    remote.work()
    listed = [job["jobId"] for job in remote.api.get("/jobs").json()["items"]]
    assert len(listed) == 3
    assert sorted(remote.ended(job_id)["result"] for job_id in listed)[:2] == [
        "and lost again",
        "first, for this is where places in the queue are counted",
    ]
    remote.check(*listed)


def test_a_request_that_was_stored_is_accepted_though_the_store_was_lost_before_more_could_be_told(remote: Site, wire: Line) -> None:
    """Whoever was refused would send it again. Lost are how long others took, and the look at whether it has ended meanwhile."""
    remote.serve(workers=0)
    accepted = []
    for name, preferred in (("durations", "respond-async"), ("get", "wait=1")):
        wire.lose_answer(statement(name, "coatcheck").partition("%(")[0].encode())
        answer = remote.api.post("/echo", json={"text": name}, headers={"Prefer": preferred})
        assert answer.status_code == 202
        assert int(answer.headers["retry-after"]) > 0
        accepted.append(answer.json()["jobId"])
    assert wire.lost == 2
    remote.work()
    assert [remote.ended(job_id)["result"] for job_id in accepted] == ["durations", "get"]
    assert len(remote.check(*accepted)) == 2


def test_an_ending_whose_commit_was_confirmed_to_nobody_stands_and_is_recorded_once(remote: Site, wire: Line) -> None:
    """F21: the worker settles again, which changes nothing, and says what became of the job."""
    service = remote.serve()
    job_id = remote.hold()
    remote.runs(job_id, 1)
    wire.lose_answer(b'"attempt":1')
    remote.let_go()
    assert remote.ended(job_id)["result"] == {"attempt": 1, "fence": 1}
    eventually(lambda: wire.lost)
    eventually(lambda: told(service, "job.completed", job=job_id))
    assert told(service, "job.late_write", job=job_id) == []
    other = remote.submit("echo", {"text": "next"})
    assert remote.ended(other)["result"] == "next"
    assert {(job.attempt, job.crashes) for job in remote.check(job_id, other)} == {(1, 0)}


@contextmanager
def asking(client: httpx2.Client, *calls: tuple[str, str]) -> Iterator[list[httpx2.Response]]:
    """The answers to these calls, made all at once, as they come."""
    answers: list[httpx2.Response] = []

    def ask(method: str, path: str) -> None:
        answers.append(client.request(method, path, json={"text": "hello"} if method == "POST" else None))

    threads = [threading.Thread(target=ask, args=call) for call in calls]
    for thread in threads:
        thread.start()
    yield answers
    for thread in threads:
        thread.join()
