"""PostgreSQL that crashes and comes back, or stays away for longer than a lease. No process of ours is started again."""

import asyncio
from urllib.parse import urlsplit

import httpx2

from coatcheck.domain.state import Status
from coatcheck.settings import Settings
from coatcheck.store.postgres.address import Address
from coatcheck.testing.harness import eventually
from coatcheck.testing.postgresql import Server
from tests.faults.site import LEASE, Site, child, gone, kill, told

IMPATIENCE = 20
"""Seconds that a client waits for an answer, which must not be until the server is back."""


def test_runs_go_on_while_the_server_crashes_and_none_is_run_again(server: Server, remote: Site) -> None:
    """F16: three immediate restarts, in the middle of runs that wait, and of one that reports all the time."""
    service = remote.serve(workers=2, lease=20)
    accepted = [remote.hold() for _ in range(3)]
    accepted.append(remote.submit("count", {"directory": str(remote.directory), "rows": 300}))
    for job_id in accepted:
        remote.runs(job_id, 1)
    children = service.children()
    for crash in range(3):
        server.stop("immediate")
        server.start()
        eventually(remote.answers)
        accepted.append(remote.submit("echo", {"text": str(crash)}))
    remote.let_go()
    for job_id in accepted:
        assert remote.ended(job_id)["status"] == "completed"
    assert service.children() == children
    jobs = remote.check(*accepted)
    assert {job.id for job in jobs} == set(accepted)
    assert {(job.attempt, job.crashes) for job in jobs} == {(1, 0)}


def test_while_the_server_is_down_requests_are_refused_and_runs_end_and_all_recovers_by_itself(server: Server, remote: Site) -> None:
    """F17: whoever asks is told when to come back. A run whose lease nobody can renew is ended, and runs again later."""
    service = remote.serve(lease=LEASE)
    accepted = remote.submit("wait", {"directory": str(remote.directory)})
    remote.runs(accepted, 1)
    children = service.children()
    server.stop("immediate")
    try:
        with httpx2.Client(base_url=remote.api.base_url, timeout=IMPATIENCE) as client:
            asked = [client.post("/echo", json={"text": str(number)}) for number in range(5)]
            asked += [client.get(f"/jobs/{accepted}"), client.get("/jobs"), client.get("/readyz"), client.delete(f"/jobs/{accepted}")]
            for answer in asked:
                assert answer.status_code == 503
                assert answer.json()["type"] == "/problems/store-unavailable"
                assert int(answer.headers["retry-after"]) > 0
                assert str(server.port) not in answer.text
            assert client.get("/healthz").status_code == 200
            eventually(lambda: told(service, "job.late_write", job=accepted))
    finally:
        server.start()
    eventually(remote.answers)
    late = remote.submit("echo", {"text": "afterwards"})
    assert remote.ended(late)["result"] == "afterwards"
    assert remote.ended(accepted)["result"] == 2
    assert service.children() == children
    jobs = {job.id: job for job in remote.check(accepted, late)}
    assert jobs.keys() == {accepted, late}
    assert (jobs[accepted].status, jobs[accepted].failures) == (Status.COMPLETED, 0)
    assert jobs[accepted].crashes <= 1  # none where its worker gave it back before somebody took it


def test_a_process_that_dies_meanwhile_is_replaced_by_one_that_refuses_requests_too(server: Server, remote: Site) -> None:
    """And takes them once the server is back, as the others do. Those that run jobs have nothing to do until then."""
    service = remote.serve()
    died = child(service, "_api")
    server.stop("immediate")
    try:
        kill(died)
        eventually(lambda: gone(died))
        with httpx2.Client(base_url=remote.api.base_url, timeout=IMPATIENCE) as client:
            for answer in (client.post("/echo", json={"text": "early"}), client.get("/readyz")):
                assert (answer.status_code, answer.json()["type"]) == (503, "/problems/store-unavailable")
            assert client.get("/healthz").status_code == 200
    finally:
        server.start()
    eventually(remote.answers)
    late = remote.submit("echo", {"text": "late"})
    assert remote.ended(late)["result"] == "late"


def test_a_standby_answers_polls_and_takes_nothing(server: Server, remote: Site, postgresql_server: str) -> None:
    """F30: as long as it has not taken over. The file is what makes a server one. Where another is named, too, that one is used."""
    service = remote.serve()
    before = remote.submit("echo", {"text": "before"})
    assert remote.ended(before)["result"] == "before"
    mark = server.directory / "data" / "standby.signal"
    server.stop()
    mark.touch()
    server.start()
    try:
        eventually(lambda: remote.api.get(f"/jobs/{before}").status_code == 200)
        assert remote.api.get("/readyz").status_code == 503
        assert remote.api.post("/echo", json={"text": "now"}).status_code == 503
        asyncio.run(pass_over(server.port, postgresql_server))
    finally:
        server.stop()
        mark.unlink()
        server.start()
    eventually(remote.answers)
    after = remote.submit("echo", {"text": "after"})
    assert remote.ended(after)["result"] == "after"
    assert len(remote.check(before, after)) == 2
    assert told(service, "worker.lost") == []


async def pass_over(standby: int, primary: str) -> None:
    """See that of several hosts the one that takes writes is used."""
    port = urlsplit(primary).port
    db = await Address.of(Settings(store=f"postgresql://postgres@127.0.0.1:{standby},127.0.0.1:{port}/postgres")).connect()
    assert db.info.port == port
    await db.close()
