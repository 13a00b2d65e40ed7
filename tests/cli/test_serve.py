import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from coatcheck.cli.database import examine
from coatcheck.testing.harness import eventually
from tests.cli.running import TOKEN, Running, run, running

HOSTED = """
import os

from fastapi import FastAPI
from coatcheck import Coatcheck

jobs = Coatcheck()

@jobs.operation("/double")
def double(number: int) -> int:
    return 2 * number

app = FastAPI(lifespan=jobs.lifespan)
app.include_router(jobs.router)

@app.get("/process")
def process() -> int:
    return os.getpid()

@app.get("/hello")
def hello() -> str:
    return "from the host"
"""


@pytest.fixture
def api(server: Running) -> Iterator[httpx2.Client]:
    with api_of(server) as api:
        yield api


def ended(api: httpx2.Client, status_url: str) -> dict[str, object]:
    def look() -> dict[str, object] | None:
        job: dict[str, object] = api.get(status_url).json()
        return job if job["status"] in ("completed", "failed", "cancelled") else None

    return eventually(look)


def test_serves_the_api_and_runs_its_jobs_in_a_worker_process(api: httpx2.Client, server: Running) -> None:
    accepted = api.post("/count", json={"steps": 2})
    assert accepted.status_code == 202
    job = ended(api, accepted.headers["Location"])
    assert (job["status"], job["result"]) == ("completed", {"counted": 2})
    assert worker_of(api, accepted.headers["Location"]) != server.process.pid


def worker_of(api: httpx2.Client, status_url: str) -> int:
    """The process id within the worker's name, host:pid:random, of the newest event that has one."""
    return eventually(
        lambda: next(
            (int(event["worker"].split(":")[1]) for event in reversed(api.get(f"{status_url}/events").json()["items"]) if event["worker"]),
            None,
        )
    )


def test_a_killed_worker_is_replaced_at_once_and_its_job_goes_on(api: httpx2.Client, server: Running, tmp_path: Path) -> None:
    """The supervisor sees the death and releases the claim; the next attempt begins at the checkpoint."""
    gate = tmp_path / "gate"
    status_url = api.post("/crawl", json={"gate": str(gate)}).headers["Location"]
    eventually(lambda: api.get(status_url).json()["message"] == "at the gate")
    killed = worker_of(api, status_url)
    os.kill(killed, signal.SIGKILL)
    gate.touch()
    job = ended(api, status_url)
    assert job["result"] == {"attempt": 2, "rows": [5, 6, 7, 8, 9]}
    assert worker_of(api, status_url) != killed
    assert "reason=SIGKILL" in server.log


def test_a_killed_api_process_is_replaced_and_no_connection_is_refused(folder: Path) -> None:
    """The supervisor holds the socket, so that connections wait for the next process."""
    with running("serve", "shop:jobs", "--port", "0", "--store", "sqlite:///api.db", folder=folder) as server, api_of(server) as api:
        assert server.logged("with (1 API process and 1 worker process)")
        assert api.get("/healthz").status_code == 200
        api_pid = next(child for child in children(server.process.pid) if "_api" in command_line(child))
        os.kill(api_pid, signal.SIGKILL)
        with api_of(server) as again:
            assert again.get("/healthz").status_code == 200
        assert server.end() == 0


def test_several_api_processes_answer_at_one_port_and_each_is_replaced(tmp_path: Path) -> None:
    """While one is gone, the others answer; the log says which of them a line is of."""
    (tmp_path / "shop.py").write_text(HOSTED)
    with running("serve", "shop:app", "--port", "0", "--processes", "2", "--workers", "0", folder=tmp_path) as server:
        first = eventually(lambda: pids if len(pids := answering(server)) == 2 else None)
        killed, stayed = sorted(first)
        os.kill(killed, signal.SIGKILL)
        assert eventually(lambda: pids if len(pids := answering(server)) == 2 and killed not in pids else None) > {stayed}
        assert server.logged(r"\[supervisor \d+\] worker.lost.* name=\"(api \d)\" reason=SIGKILL")
        assert server.end() == 0


def answering(server: Running) -> set[int]:
    """Pids of the processes that answer some requests, each on a connection of its own."""
    pids = set()
    for _ in range(8):
        with api_of(server) as api:
            pids.add(api.get("/process").json())
    return pids


def api_of(server: Running) -> httpx2.Client:
    return httpx2.Client(base_url=server.url, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False, timeout=60)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_ends_with_0_when_told_even_with_open_connections_and_a_running_job(folder: Path, tmp_path: Path) -> None:
    """The job goes back to the queue, and nothing is left running."""
    store = f"sqlite:///{tmp_path}/jobs.db"
    with (
        running("serve", "shop:jobs", "--port", "0", "--store", store, "--grace", "0.5", folder=folder) as server,
        api_of(server) as api,
        socket.create_connection(api_address(server)),
    ):
        status_url = api.post("/wait", json={"gate": str(tmp_path / "never")}).headers["Location"]
        eventually(lambda: api.get(status_url).json()["status"] == "running")
        processes = children(server.process.pid)
        assert server.end(signal.SIGTERM) == 0
    assert [pid for pid in processes if alive(pid)] == []
    assert examine(tmp_path / "jobs.db")["jobs"] == {"queued": 1}


def test_ctrl_c_lets_running_jobs_finish_within_the_grace(folder: Path, tmp_path: Path) -> None:
    """A terminal sends SIGINT to the whole foreground group; the worker must hear of it once, from its supervisor."""
    gate = tmp_path / "gate"
    with (
        running("serve", "shop:jobs", "--port", "0", "--store", f"sqlite:///{tmp_path}/jobs.db", folder=folder) as server,
        api_of(server) as api,
    ):
        status_url = api.post("/wait", json={"gate": str(gate)}).headers["Location"]
        eventually(lambda: api.get(status_url).json()["message"] == "at the gate")
        os.killpg(server.process.pid, signal.SIGINT)
        server.logged("(worker.draining)")
        gate.touch()
        assert server.process.wait(60) == 0
    assert examine(tmp_path / "jobs.db")["jobs"] == {"completed": 1}


def api_address(server: Running) -> tuple[str, int]:
    host, port = server.url.removeprefix("http://").split(":")
    return host, int(port)


def test_its_children_do_not_outlive_a_killed_supervisor(folder: Path, tmp_path: Path) -> None:
    with running("serve", "shop:jobs", "--port", "0", "--store", f"sqlite:///{tmp_path}/jobs.db", folder=folder) as server:
        server.logged("(worker.started)")
        with api_of(server) as api:
            assert api.get("/healthz").status_code == 200
        processes = children(server.process.pid)
        assert len(processes) == 2
        server.end(signal.SIGKILL)
        eventually(lambda: not any(map(alive, processes)))


def test_a_busy_port_is_said_before_anything_is_started(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = run("serve", "shop:jobs", "--port", str(port), folder=folder)
    assert refused.returncode == 2
    assert f"Port {port} of 127.0.0.1 is in use" in refused.stderr


def test_an_application_without_authentication_listens_on_loopback_only(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("from coatcheck import Coatcheck\njobs = Coatcheck()\n")
    refused = run("serve", "shop:jobs", "--host", "0.0.0.0", "--port", "0", folder=tmp_path)  # noqa: S104  refused
    assert refused.returncode == 2
    assert "no authenticate hook" in refused.stderr
    assert "--allow-anonymous" in refused.stderr


def test_serves_the_host_application_whose_module_has_the_coatcheck_object(tmp_path: Path) -> None:
    """The API process runs no jobs itself: the worker process does."""
    (tmp_path / "shop.py").write_text(HOSTED)
    with running("serve", "shop:app", "--port", "0", "--log-format", "json", folder=tmp_path) as server, api_of(server) as api:
        assert api.get("/hello").json() == "from the host"
        status_url = api.post("/double", json={"number": 21}).headers["Location"]
        assert ended(api, status_url)["result"] == 42
        assert worker_of(api, status_url) in children(server.process.pid)
        assert "_worker" in command_line(worker_of(api, status_url))
        started = [json.loads(line)["worker"] for line in server.log.splitlines() if '"event": "worker.started"' in line]
        assert len(started) == 1
