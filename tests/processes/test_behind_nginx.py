"""Several API servers behind one nginx without sticky sessions, workers apart from them: whoever answers, it is one service."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from chaos.audit import check_url
from coatcheck.domain.state import Status
from coatcheck.testing.harness import eventually
from tests.cli.running import APPLICATION, TOKEN, Running, running
from tests.processes.nginx import UPSTREAM, in_front_of
from tests.services import on_postgresql, on_sqlite

SERVERS = 3


class Service:
    """API servers without workers on one store, and a client of what is in front of them."""

    def __init__(self, store: str, folder: Path, stack: ExitStack) -> None:
        self.store, self.folder = store, folder
        serve = ("serve", "shop:jobs", "--port", "0", "--workers", "0", "--store", store)
        self.servers = [stack.enter_context(running(*serve, folder=folder)) for _ in range(SERVERS)]
        self.addresses = [server.url.removeprefix("http://") for server in self.servers]
        self.api = stack.enter_context(
            httpx2.Client(
                base_url=stack.enter_context(in_front_of(self.addresses, folder)),
                headers={"Authorization": f"Bearer {TOKEN}"},
                trust_env=False,
                timeout=60,
            )
        )

    def submit(self, operation: str, **arguments: Any) -> httpx2.Response:
        accepted = self.api.post(f"/{operation}", json=arguments)
        assert accepted.status_code == 202, accepted.text
        return accepted

    def ended(self, status_url: str) -> dict[str, Any]:
        return eventually(lambda: seen if Status((seen := self.api.get(status_url).json())["status"]).terminal else None)

    def after(self, server: str) -> str:
        """The server whose turn it is after this one's."""
        turns = [self.api.get("/healthz").headers[UPSTREAM] for _ in self.servers]
        return turns[(turns.index(server) + 1) % len(turns)]

    def worker(self, stack: ExitStack) -> Running:
        """Start a worker process."""
        return stack.enter_context(
            running("worker", "shop:jobs", "--store", self.store, "--concurrency", "2", "--grace", "0.5", folder=self.folder)
        )


@pytest.fixture
def service(empty_store: str, tmp_path: Path) -> Iterator[Service]:
    (tmp_path / "shop.py").write_text(APPLICATION)
    with ExitStack() as stack:
        yield Service(empty_store, tmp_path, stack)


@on_postgresql
def test_whichever_server_answers_it_is_one_service(service: Service, tmp_path: Path) -> None:
    """All are ready and know a key; a job is submitted on one, polled on another and cancelled on a third."""
    answers = [service.api.post("/count", json={"steps": 1}, headers={"Idempotency-Key": "k-1"}) for _ in range(SERVERS)]
    assert {answer.headers[UPSTREAM] for answer in answers} == set(service.addresses)
    assert len({answer.json()["jobId"] for answer in answers}) == 1
    ready = [service.api.get("/readyz") for _ in range(SERVERS)]
    assert {(answer.headers[UPSTREAM], answer.status_code) for answer in ready} == {(address, 200) for address in service.addresses}
    with ExitStack() as stack:
        service.worker(stack)
        accepted = service.submit("wait", gate=str(tmp_path / "never"))
        submitted_on, status_url = accepted.headers[UPSTREAM], accepted.headers["Location"]
        polled_on = service.after(submitted_on)

        def running_there() -> bool:
            polled = service.api.get(status_url)
            return polled.headers[UPSTREAM] == polled_on and polled.json()["message"] == "at the gate"

        eventually(running_there)
        cancelled = service.api.delete(status_url)
        assert {submitted_on, polled_on, cancelled.headers[UPSTREAM]} == set(service.addresses)
        assert service.ended(status_url)["status"] == "cancelled"


@on_sqlite
def test_nothing_is_lost_while_workers_come_and_go_and_a_server_dies(service: Service) -> None:
    """Workers are stopped in the middle of jobs, others begin; requests go around the server that is no more."""
    with ExitStack() as stack:
        first = service.worker(stack)
        jobs = [service.submit("count", steps=40) for _ in range(8)]
        eventually(lambda: service.api.get(jobs[0].headers["Location"]).json()["status"] == "running")
        service.worker(stack)
        assert first.end() == 0
        service.servers[0].end(signal.SIGKILL)
        eventually(lambda: refuses(service.addresses[0]))
        jobs += [service.submit("count", steps=2) for _ in range(2 * SERVERS)]
        assert {accepted.headers[UPSTREAM] for accepted in jobs[8:]} > set(service.addresses[1:])
        for accepted in jobs:
            assert service.ended(accepted.headers["Location"])["status"] == "completed"
    checked = check_url(service.store, acknowledged={accepted.json()["jobId"] for accepted in jobs})
    assert {job.status for job in checked} == {Status.COMPLETED}
    assert len(checked) == len(jobs)


def refuses(address: str) -> bool:
    try:
        httpx2.get(f"http://{address}/healthz", trust_env=False)
    except httpx2.ConnectError:
        return True
    except httpx2.TransportError:  # it was connected still, while the server went
        return False
    return False
