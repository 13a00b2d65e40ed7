"""`Created(url)`: the job's result is a resource of the application's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from coatcheck import Coatcheck, Content, Created, Job
from coatcheck.domain.created import CREATED
from coatcheck.testing.harness import serving
from tests.http.site import LOOPBACK

LONG = {"Prefer": "wait=25"}


def application(store: str, **settings: Any) -> Coatcheck:
    jobs = Coatcheck(store=store, **settings)

    @jobs.operation("/reports")
    def report(year: int) -> Created:
        return Created(f"/years/{year}", {"pages": 12})

    @jobs.operation("/elsewhere")
    async def elsewhere() -> Created | None:
        return Created("https://example.com/Bücher")

    @jobs.operation("/in-a-transaction")
    def in_a_transaction(job: Job) -> Created:
        created: Created = job.transaction(lambda _: Created("/orders/1")).value
        return created

    @jobs.operation("/nested")
    def nested() -> Any:
        return {"report": Created("/reports/7")}

    @jobs.operation("/large")
    def large() -> Created:
        return Created("/reports/7", "x" * 20_000)

    @jobs.operation("/pretended")
    def pretended() -> Content:
        return Content(b'{"url":"/reports/7"}', media_type=CREATED)

    return jobs


@pytest.fixture
async def api(empty_store: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with served(empty_store) as api:
        yield api


@asynccontextmanager
async def served(store: str, **settings: Any) -> AsyncIterator[httpx2.AsyncClient]:
    with serving(application(store, **settings)) as url:
        async with httpx2.AsyncClient(base_url=url, verify=LOOPBACK, timeout=60) as api:
            yield api


async def ended(api: httpx2.AsyncClient, path: str, json: Any = None) -> dict[str, Any]:
    url = (await api.post(path, json=json or {})).headers["location"]
    job: dict[str, Any] = (await api.get(url, headers=LONG)).json()
    return job


async def test_the_result_url_leads_to_the_resource(api: httpx2.AsyncClient) -> None:
    """And the representation tells it at once, with what little is to be said of it."""
    job = await ended(api, "/reports", {"year": 2026})
    assert (job["resultUrl"], job["result"]) == ("/years/2026", {"pages": 12})
    result = await api.get(job["_links"]["result"]["href"])
    assert (result.status_code, result.headers["location"], result.json()) == (303, "/years/2026", {"pages": 12})
    assert result.headers["cache-control"] == "private, no-cache"


async def test_a_url_of_another_host_stays_what_it_is(api: httpx2.AsyncClient) -> None:
    assert (await ended(api, "/elsewhere"))["resultUrl"] == "https://example.com/B%C3%BCcher"


async def test_a_transaction_may_end_with_a_resource(api: httpx2.AsyncClient) -> None:
    assert (await ended(api, "/in-a-transaction"))["resultUrl"] == "/orders/1"


async def test_with_a_public_url_it_is_absolute_as_all_our_urls(tmp_path: Path) -> None:
    async with served(f"sqlite:///{tmp_path / 'jobs.db'}", public_url="https://api.example.com", mount="/v1") as api:
        accepted = await api.post("/v1/reports", json={"year": 2026})
        assert accepted.headers["location"].startswith("https://api.example.com/v1/jobs/")
        job = (await api.get(httpx2.URL(accepted.headers["location"]).path, headers=LONG)).json()
        assert job["resultUrl"] == "https://api.example.com/years/2026"
        result = await api.get(f"/v1/jobs/{job['jobId']}/result")
        assert result.headers["location"] == job["resultUrl"]


async def test_in_lists_it_is_found_by_way_of_the_result(api: httpx2.AsyncClient) -> None:
    """Results do not come along there."""
    job = await ended(api, "/reports", {"year": 2026})
    [item] = (await api.get("/jobs")).json()["items"]
    assert item["resultUrl"] == f"/jobs/{job['jobId']}/result"


@pytest.mark.parametrize(("path", "kind"), [("/nested", "result-not-serialisable"), ("/large", "result-too-large")])
async def test_what_cannot_be_kept_fails_the_job(api: httpx2.AsyncClient, path: str, kind: str) -> None:
    job = await ended(api, path)
    assert (job["status"], job["error"]["type"]) == ("failed", f"/problems/{kind}")


async def test_a_file_of_the_same_media_type_is_a_file(api: httpx2.AsyncClient) -> None:
    job = await ended(api, "/pretended")
    result = await api.get(job["resultUrl"])
    assert (result.status_code, result.content) == (200, b'{"url":"/reports/7"}')


async def test_code_gets_it_back_as_it_was_returned(empty_store: str) -> None:
    jobs = Coatcheck(store=empty_store)

    @jobs.operation("/reports")
    def report(year: int) -> Created:
        return Created(f"/years/{year}", {"pages": 12})

    async with jobs.lifespan():
        created = await (await report.submit(2026)).result()
        assert created == Created("/years/2026", {"pages": 12})
