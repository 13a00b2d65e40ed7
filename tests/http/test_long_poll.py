"""Looks at a job, and cancels, that are answered when there is something to tell."""

import asyncio
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from coatcheck.domain.outcome import Completed, Released
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.progress import Progress
from coatcheck.testing.harness import eventually, free_port, started
from tests.http.site import LOOPBACK, Site, assert_problem, json_result

LONG = {"Prefer": "wait=25"}
APPLICATION = """
from coatcheck import Coatcheck
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

jobs = Coatcheck(store="sqlite:///jobs.db", embedded_worker=False)

@jobs.operation("/echo")
def echo(text: str) -> str:
    return text

async def held(request):
    return JSONResponse(len(jobs.wiring.held._waiting))

app = Starlette(routes=[*jobs.routes, Route("/held", held)], lifespan=jobs.lifespan)
"""


async def held(site: Site, method: str, path: str, **options: Any) -> asyncio.Task[httpx2.Response]:
    """A request whose answer is being held back."""
    before = len(site.jobs.wiring.held._waiting)
    request = asyncio.create_task(site.api.request(method, path, **options))
    await asyncio.to_thread(eventually, lambda: len(site.jobs.wiring.held._waiting) > before or request.done())
    return request


async def test_a_look_is_held_back_until_the_job_has_ended(site: Site) -> None:
    """Progress does not end it, without If-None-Match."""
    job_id = await site.submit()
    look = await held(site, "GET", f"/jobs/{job_id}", headers=LONG)
    claim = await site.claim(job_id)
    await site.store.report(claim, Progress(percent=50))
    await site.store.settle(claim, Released("shutdown"))
    await site.complete(job_id)
    answer = await look
    assert (answer.status_code, answer.json()["status"]) == (200, "completed")
    assert (answer.headers["preference-applied"], answer.headers["vary"]) == ("wait=25", "Prefer")


async def test_with_if_none_match_it_is_held_back_until_the_job_has_changed(site: Site) -> None:
    job_id = await site.submit()
    known = (await site.api.get(f"/jobs/{job_id}")).headers["etag"]
    look = await held(site, "GET", f"/jobs/{job_id}", headers={**LONG, "If-None-Match": known})
    await site.claim(job_id)
    answer = await look
    assert (answer.status_code, answer.json()["status"]) == (200, "running")
    assert answer.headers["etag"] != known


@pytest.mark.parametrize("known", ['W/"0"', '"other"', "nonsense"])
async def test_who_has_another_version_is_answered_at_once(site: Site, known: str) -> None:
    job_id = await site.submit()
    look = asyncio.create_task(site.api.get(f"/jobs/{job_id}", headers={**LONG, "If-None-Match": known}))
    await asyncio.wait((look,), timeout=10)
    if not look.done():
        await site.claim(job_id)
    assert (await look).json()["status"] == "queued"


async def test_when_nothing_happens_it_is_answered_as_ever(site: Site) -> None:
    """304 to who has this version, with when to look again; the job as it is to who has none."""
    job_id = await site.submit()
    known = (await site.api.get(f"/jobs/{job_id}")).headers["etag"]
    for seconds in (0, 1):
        answer = await site.api.get(f"/jobs/{job_id}", headers={"Prefer": f"wait={seconds}", "If-None-Match": known})
        assert (answer.status_code, answer.headers["preference-applied"]) == (304, f"wait={seconds}")
        assert int(answer.headers["retry-after"]) >= 5
        assert answer.headers["vary"] == "Prefer"
    assert (await site.api.get(f"/jobs/{job_id}", headers={"Prefer": "wait=0"})).json()["status"] == "queued"


async def test_nobody_is_kept_for_longer_than_25_seconds(site: Site) -> None:
    job_id = await site.bring_to("completed")
    answer = await site.api.get(f"/jobs/{job_id}", headers={"Prefer": "wait=3600"})
    assert answer.headers["preference-applied"] == "wait=25"


async def test_who_asks_for_nothing_is_told_that_asking_would_matter(site: Site) -> None:
    answer = await site.api.get(f"/jobs/{await site.submit()}", headers={"Prefer": "handling=lenient"})
    assert answer.headers["vary"] == "Prefer"
    assert "preference-applied" not in answer.headers


async def test_a_cancel_is_answered_when_the_run_has_stopped(site: Site) -> None:
    job_id = await site.submit()
    claim = await site.claim(job_id)
    cancel = await held(site, "DELETE", f"/jobs/{job_id}", headers=LONG)
    assert (await site.store.cancel_requests("w")) == {job_id}
    await site.store.settle(claim, Released("it was cancelled"))
    answer = await cancel
    assert (answer.status_code, answer.headers["preference-applied"]) == (204, "wait=25")


async def test_a_cancel_whose_run_goes_on_is_accepted(site: Site) -> None:
    job_id = await site.bring_to("running")
    answer = await site.api.delete(f"/jobs/{job_id}", headers={"Prefer": "wait=1"})
    assert (answer.status_code, answer.json()["status"]) == (202, "cancelling")


async def test_a_cancel_that_comes_too_late_for_the_run_is_a_conflict(site: Site) -> None:
    """It returned a value all the same: the job has completed, and was not cancelled."""
    job_id = await site.submit()
    claim = await site.claim(job_id)
    cancel = await held(site, "DELETE", f"/jobs/{job_id}", headers=LONG)
    await site.store.settle(claim, Completed(json_result(42)))
    assert_problem(await cancel, 409, "job-already-finished")


async def test_many_looks_end_each_with_its_own_job(site: Site) -> None:
    jobs = [await site.submit() for _ in range(20)]
    looks = [asyncio.create_task(site.api.get(f"/jobs/{job_id}", headers=LONG)) for job_id in jobs]
    for job_id in jobs:
        await site.store.cancel(job_id, SYSTEM, actor="test")
    answers = [await look for look in looks]
    assert [(answer.json()["jobId"], answer.json()["status"]) for answer in answers] == [(job_id, "cancelled") for job_id in jobs]


SERVERS = {
    "coatcheck serve": ("coatcheck", "serve", "app:app", "--workers", "0"),
    "uvicorn": ("uvicorn", "app:app"),
}


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_stops_answers_whom_it_held(tmp_path: Path, server: str, number: signal.Signals) -> None:
    """At once, with the job as it is: it waits for its open requests, and would for as long as they are held."""
    (tmp_path / "app.py").write_text(APPLICATION)
    port = free_port()
    command = [sys.executable, "-m", *SERVERS[server], "--port", str(port)]
    with (
        started(command, directory=tmp_path) as process,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, verify=LOOPBACK) as http,
        ThreadPoolExecutor(1) as thread,
    ):
        eventually(lambda: _held(http) is not None)
        url = http.post("/echo", json={"text": "x"}).headers["location"]
        look = thread.submit(http.get, url, headers=LONG)
        eventually(lambda: _held(http) == 1)
        process.signal(number)
        answer = look.result(timeout=20)
        assert (answer.status_code, answer.json()["status"]) == (200, "queued")
        assert process.ended() in (0, -number)


def _held(http: httpx2.Client) -> int | None:
    try:
        held: int = http.get("/held").json()
    except httpx2.TransportError:
        return None
    return held
