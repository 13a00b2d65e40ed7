"""Jobs in processes that use what a job has, and what becomes of them when their worker ends."""

import json
import os
import signal
from pathlib import Path

import pytest

from coatcheck.testing.harness import eventually
from tests.faults.site import gone, told
from tests.services import on_postgresql, on_sqlite
from tests.worker.isolation.service import Service, serving_application


def test_a_job_in_a_process_has_all_that_a_job_has(service: Service) -> None:
    """Progress, log lines, checkpoint, deadline, fence, resources opened in its own process, and the current job however deep."""
    job = service.submit("everything", rows=5)
    state = service.ended(job)
    assert state["result"] == {"id": job, "attempt": 1, "fence": 1, "deadline": True, "kept": {"rows": 5}, "pool": True}
    assert state["progressDetail"] == {"current": 5, "total": 5, "unit": "row"}
    said = b"".join(event.data or b"" for event in service.events(job) if event.type.value == "log").decode()
    assert [text in said for text in ("row 0", "row 4", "debug", "closed after use")] == [True] * 4


def test_a_coroutine_in_a_process_has_all_that_a_job_has(service: Service) -> None:
    job = service.submit("async_everything")
    assert service.ended(job)["result"] == [True, True]
    assert b"closed after awaiting" in b"".join(event.data or b"" for event in service.events(job))
    assert service.run("async_echo", text="hello")["result"] == "hello"


def test_a_checkpoint_is_resumed_after_the_process_was_killed(service: Service) -> None:
    job = service.submit("resumed", rows=10, die_at=7)
    assert service.ended(job)["result"] == {"attempt": 2, "seen": [7, 8, 9]}


def test_a_job_in_a_process_has_its_file_and_yields_rows(tmp_path: Path, empty_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And where its process is killed, its worker removes what was copied for it."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with serving_application(tmp_path, empty_store) as service:
        jobs = {}
        for name in ("reads_its_file", "dies_with_its_file"):
            answer = service.http.post(f"/{name}", content=b"x" * 300_000, headers={"Content-Disposition": "attachment; filename=a.mp4"})
            jobs[name] = service.ended(answer.json()["jobId"])
        size, filename, pid = json.loads(service.http.get(jobs["reads_its_file"]["resultUrl"]).content)
        assert (size, filename) == (300_000, "a.mp4")
        assert pid != service.worker
        assert jobs["dies_with_its_file"]["error"]["type"].endswith("worker-lost")
        assert list(temporary.glob("coatcheck-*-*")) == []


@on_sqlite
def test_a_worker_that_is_told_to_stop_tells_its_processes(tmp_path: Path, empty_store: str) -> None:
    """One obliges, one is interrupted at the end of the grace, and one has to be killed; none loses an attempt."""
    with serving_application(tmp_path, empty_store, grace=600, concurrency=3) as service:
        jobs = {name: _begin(service, name, tmp_path / name) for name in ("obliges", "tells_where_it_is", "stays")}
        started = [int(pid) for pid in (tmp_path / "stays" / "pids").read_text().split()]
        (server,) = service.fork_servers()
        service.process.signal(signal.SIGTERM)
        eventually(lambda: service.types(jobs["obliges"])[-1] == "completed")
        service.process.signal(signal.SIGINT)
        assert service.process.ended() == 0
        for name in ("tells_where_it_is", "stays"):
            assert service.types(jobs[name]) == ["accepted", "started", "released"]
        assert (tmp_path / "tells_where_it_is" / "finally").read_text() == "False True"
        assert all(gone(pid) for pid in (*started, server))
    with serving_application(tmp_path, empty_store) as service:
        assert service.ended(jobs["stays"])["result"] == []


@on_postgresql
def test_a_killed_worker_takes_its_processes_along(tmp_path: Path, empty_store: str) -> None:
    """The fork server, the job's process, its child and the daemon it started: none is there when the job runs again."""
    with serving_application(tmp_path, empty_store, lease=60) as service:
        job = _begin(service, "stays", tmp_path / "stays")
        (server,) = service.fork_servers()
        os.kill(service.worker, signal.SIGKILL)
        assert service.ended(job)["result"] == []
        assert service.types(job) == ["accepted", "started", "rescued", "started", "completed"]
        assert gone(server)


@on_sqlite
def test_a_frozen_worker_runs_nothing_beside_its_successor(tmp_path: Path, empty_store: str) -> None:
    """Its fork server ends what it runs before the lease is over; and what it says when it thaws is too late."""
    with serving_application(tmp_path, empty_store, workers=2, lease=2, concurrency=1) as service:
        job = _begin(service, "stays", tmp_path / "stays")
        process, *_ = [int(pid) for pid in (tmp_path / "stays" / "pids").read_text().split()]
        worker = _parent(_parent(process))
        os.kill(worker, signal.SIGSTOP)
        assert service.ended(job)["result"] == []
        os.kill(worker, signal.SIGCONT)
        eventually(lambda: [line for line in told(service.process, "job.late_write") if line["job"] == job])
        assert service.types(job) == ["accepted", "started", "rescued", "started", "completed"]
        assert told(service.process, "worker.lost") == []
        assert service.state(job)["result"] == []


def _begin(service: Service, operation: str, directory: Path) -> str:
    """Submit a job that says in a file of `directory` that it runs; its id, once it does."""
    directory.mkdir()
    job = service.submit(operation, directory=str(directory))
    eventually(lambda: (directory / "pid").exists() or (directory / "pids").exists())
    return job


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
