"""Single moments between a worker and its fork server, with a worker on the test's own event loop."""

import sys
from collections.abc import AsyncIterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from coatcheck.worker.isolation import frame
from tests.worker.isolation.test_home import APPLICATION
from tests.worker.site import Site


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    """Of an application in a module, which its fork server imports again."""
    (tmp_path / "small.py").write_text(APPLICATION)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("COATCHECK_STORE", f"sqlite:///{tmp_path / 'jobs.db'}")
    monkeypatch.delitem(sys.modules, "small", raising=False)
    jobs = import_module("small").jobs
    async with jobs.opened():
        site = Site(jobs)
        yield site
        for worker in site.workers:
            await worker.stop(grace=0)
    del sys.modules["small"]


async def submitted(site: Site) -> Any:
    return await import_module("small").where.submit()


async def test_a_fork_server_that_has_ended_unseen_is_replaced_without_a_crash(site: Site) -> None:
    """It ends between two looks of the worker at it: when a job is to be forked, sending it there fails."""
    worker = await site.work()
    ended: list[int] = []

    def end_it(event: str, _: Mapping[str, Any]) -> None:
        server = worker._runners._processes._server
        if event == "job.started" and not ended:
            assert server is not None
            server._process.kill()
            ended.append(server._process.wait())
            assert not server.lost

    site.jobs.telemetry.subscribe(end_it)
    handle = await submitted(site)
    module, attempt, _ = await handle.result()
    assert (ended, module, attempt) == ([-9], "small", 1)
    assert (await handle.job()).crashes == 0


async def test_a_request_that_is_too_long_for_the_line_starts_no_process(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    await site.work()
    monkeypatch.setattr(frame, "LARGEST", 10)
    handle = await submitted(site)
    problem = await site.failure(handle)
    assert problem.kind == "worker-lost"
    assert "too long for a job's process" in (problem.detail or "")
    assert site.signals.all("job.crashed", job=handle.id)


async def test_a_worker_without_isolated_operations_starts_no_fork_server(site: Site) -> None:
    worker = await site.work(operations=[])
    assert worker._runners._processes._server is None


async def test_a_worker_that_was_stopped_has_no_fork_server_any_more(site: Site) -> None:
    worker = await site.work()
    server = worker._runners._processes._server
    assert server is not None
    await worker.stop(grace=0)
    assert server._process.returncode == 0
