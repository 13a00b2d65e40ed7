from pathlib import Path

from tests.cli.running import run, running
from tests.cli.test_serve import api_of, ended


def test_workers_run_the_named_operations_only(folder: Path, tmp_path: Path) -> None:
    """A server without workers accepts; a worker restricted to `boom` leaves `count` alone, another one runs it."""
    store = f"sqlite:///{tmp_path}/jobs.db"
    with (
        running("serve", "shop:jobs", "--port", "0", "--workers", "0", "--store", store, folder=folder) as server,
        api_of(server) as api,
    ):
        counting = api.post("/count", json={"steps": 1}).headers["Location"]
        failing = api.post("/boom").headers["Location"]
        with running("worker", "shop:jobs", "--operations", "boom", "--store", store, folder=folder) as worker:
            assert ended(api, failing)["status"] == "failed"
            assert api.get(counting).json()["status"] == "queued"
            assert worker.end() == 0
        with running("worker", "shop:jobs", "--processes", "2", "--concurrency", "1", "--store", store, folder=folder) as worker:
            assert ended(api, counting)["status"] == "completed"
            worker.logged(r"(worker.started(.|\n)*worker.started)")
            assert worker.end() == 0


def test_an_unknown_operation_is_refused(folder: Path) -> None:
    refused = run("worker", "shop:jobs", "--operations", "count,fly", folder=folder)
    assert refused.returncode == 2
    assert "There is no operation fly; there are count, boom, wait, crawl, " in refused.stderr
