"""The test kit by HTTP: against an application of the user's own, in each way that it may be called from a test."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from coatcheck import Accepted
from coatcheck.testing import inline, manual
from tests.hosts.serving import HOSTS as HOSTS_OF_ALL_KINDS
from tests.hosts.serving import WSGI, application_in
from tests.testing.shop import Order, Shop


def fastapi(shop: Shop) -> ASGIApp:
    app = FastAPI(lifespan=shop.jobs.lifespan)
    app.include_router(shop.jobs.router, prefix="/api")

    @app.post("/api/own/orders", status_code=202)
    async def own(item: str) -> Accepted[Any]:
        return await shop.order.accept(Order(item))

    return app


def composed(shop: Shop) -> ASGIApp:
    """With a lifespan of its own around ours."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with shop.jobs.lifespan(app):
            yield

    app = FastAPI(lifespan=lifespan)
    app.include_router(shop.jobs.router, prefix="/api")
    return app


def starlette(shop: Shop) -> ASGIApp:
    return Starlette(routes=[Mount("/api", routes=[*shop.jobs.routes])], lifespan=shop.jobs.lifespan)


def alone(shop: Shop) -> ASGIApp:
    return Starlette(routes=[Mount("/api", app=shop.jobs)])


Host = Callable[[Shop], ASGIApp]
HOSTS = pytest.mark.parametrize("host", [fastapi, composed, starlette, alone])


@HOSTS
@pytest.mark.parametrize("living", [True, False])
def test_a_post_is_answered_once_the_job_has_ended(shop: Shop, tmp_path: Path, host: Host, *, living: bool) -> None:
    """Whether or not the test runs the application's lifespan."""
    app = host(shop)
    with inline(shop.jobs):
        client = TestClient(app)
        if living:
            with client:
                flow(client)
        else:
            flow(client)
    assert list(tmp_path.iterdir()) == []


def flow(client: TestClient) -> None:
    accepted = client.post("/api/prices", json={"item": "tea"})
    assert accepted.status_code == 202
    status = client.get(accepted.headers["location"])
    assert status.json()["status"] == "completed"
    assert status.json()["result"] == [3, 99]
    receipt = client.post("/api/receipts")
    assert client.get(f"{receipt.headers['location']}/result").text == "paid 1"


@HOSTS
async def test_a_post_leaves_a_queued_job_for_the_test_to_run(shop: Shop, host: Host) -> None:
    app = host(shop)
    async with manual(shop.jobs) as kit, httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
        location = (await client.post("/api/prices", json={"item": "tea"})).headers["location"]
        assert (await client.get(location)).json()["status"] == "queued"
        assert (await kit.run()).status == "completed"
        assert (await client.get(f"{location}/result")).json() == [3, 99]


def test_a_plain_test_has_jobs_run_between_its_requests(shop: Shop) -> None:
    app = fastapi(shop)
    with manual(shop.jobs) as kit, TestClient(app) as client:
        location = client.post("/api/deliveries", json={"item": "tea"}).headers["location"]
        assert kit.run().status == "completed"
        assert client.get(location).json()["status"] == "completed"


def test_a_failed_job_answers_with_its_problem(shop: Shop) -> None:
    app = fastapi(shop)
    with inline(shop.jobs):
        client = TestClient(app)
        location = client.post("/api/refusals").headers["location"]
        result = client.get(f"{location}/result")
        assert (result.status_code, result.json()["title"]) == (422, "Closed")


def test_a_route_of_ones_own_accepts(shop: Shop) -> None:
    app = fastapi(shop)
    with inline(shop.jobs), TestClient(app) as client:
        accepted = client.post("/api/own/orders?item=tea")
        assert accepted.status_code == 202
        assert client.get(accepted.headers["location"]).json()["result"] == {"item": "tea", "amounts": [1]}


def test_a_request_that_is_wrong_is_refused_and_runs_nothing(shop: Shop) -> None:
    app = fastapi(shop)
    with inline(shop.jobs):
        assert TestClient(app).post("/api/orders", json={"item": 3}).status_code == 422
    assert shop.noted == []


def test_the_authenticate_hook_is_asked(tmp_path: Path) -> None:
    shop = Shop(tmp_path, authenticate=lambda request: request.headers.get("x-user"))
    app = fastapi(shop)
    with inline(shop.jobs):
        client = TestClient(app)
        assert client.post("/api/prices", json={"item": "tea"}).status_code == 401
        location = client.post("/api/prices", json={"item": "tea"}, headers={"x-user": "ada"}).headers["location"]
        assert client.get(location, headers={"x-user": "ada"}).json()["status"] == "completed"
        assert client.get(location, headers={"x-user": "eve"}).status_code == 404


def test_one_client_of_many_tests_meets_the_store_of_each(shop: Shop) -> None:
    """Routes taken before the kit, within it, and after it ask for the store anew each time."""
    with manual(shop.jobs):
        client = TestClient(fastapi(shop))
        location = client.post("/api/prices", json={"item": "tea"}).headers["location"]
        assert client.get(location).status_code == 200
    with manual(shop.jobs):
        assert client.get(location).status_code == 404
    assert client.get(location).status_code == 503, "the application's own store is not open"


def test_a_client_that_would_wait_for_a_queued_job_is_answered(shop: Shop) -> None:
    """The time to wait is the test's, and it stands still."""
    app = fastapi(shop)
    with manual(shop.jobs):
        client = TestClient(app)
        accepted = client.post("/api/prices", json={"item": "tea"}, headers={"Prefer": "wait=20"})
        assert accepted.status_code == 202
        assert client.get(accepted.headers["location"], headers={"Prefer": "wait=20"}).json()["status"] == "queued"


def test_a_client_that_waits_gets_the_result_at_once(shop: Shop) -> None:
    app = fastapi(shop)
    with inline(shop.jobs):
        answer = TestClient(app).post("/api/prices", json={"item": "tea"}, headers={"Prefer": "wait=20"})
        assert (answer.status_code, answer.json()) == (200, [3, 99])


@pytest.mark.parametrize("host", HOSTS_OF_ALL_KINDS)
def test_every_host_is_tested_likewise(shop: Shop, tmp_path: Path, host: str) -> None:
    """A host without a lifespan has our portal open the store and run a worker; not the application's own, within a kit."""
    app = application_in(shop.jobs, host, "/api")
    client: Any = httpx2.Client(transport=httpx2.WSGITransport(app), base_url="http://test") if host in WSGI else TestClient(app)
    for _ in range(2):
        with inline(shop.jobs):
            location = client.post("/api/prices", json={"item": "tea"}).headers["location"]
            assert client.get(location).json()["result"] == [3, 99]
        with manual(shop.jobs) as kit:
            location = client.post("/api/receipts").headers["location"]
            assert client.get(location).json()["status"] == "queued"
            assert kit.run().status == "completed"
            assert client.get(f"{location}/result").text == "paid 1"
    shop.jobs.portal.close()
    assert list(tmp_path.iterdir()) == []
