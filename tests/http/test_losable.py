"""Fire and forget over HTTP: an answer that promises no more than is kept."""

import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from coatcheck import Accepted
from coatcheck.app import Coatcheck
from coatcheck.testing.harness import serving
from coatcheck.testing.signals import Signals
from tests.http.site import LOOPBACK, assert_problem

WHY = "The next reading comes in a second."
BODY = {"losable": WHY, "accepted": True, "durable": False}


@dataclass
class Site:
    """A served application with a function that waits for the test."""

    jobs: Coatcheck
    api: httpx2.AsyncClient
    signals: Signals
    go_on: threading.Event
    seen: list[tuple[str, float]]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    jobs = Coatcheck(store=f"sqlite:///{tmp_path}/jobs.db", concurrency=1)
    signals, go_on, seen = Signals(jobs.telemetry), threading.Event(), list[tuple[str, float]]()

    @jobs.operation("/readings", durable=False, losable=WHY, queue_bound=2)
    def reading(sensor: str, value: float) -> None:
        """Note a value."""
        go_on.wait()
        seen.append((sensor, value))

    app = FastAPI(lifespan=jobs.lifespan)

    @app.post("/own", status_code=202)
    async def own(sensor: str) -> Accepted[None]:
        return await reading.accept(sensor, 1.0, owner="own")

    app.include_router(jobs.router)
    with serving(app) as url:
        async with httpx2.AsyncClient(base_url=url, verify=LOOPBACK) as api:
            yield Site(jobs, api, signals, go_on, seen)
            go_on.set()


async def test_a_request_is_taken_in_and_nothing_is_promised(site: Site) -> None:
    """202 without a Location, a job's id or a time to come back; nothing to look at; the function runs."""
    answer = await site.api.post("/readings", json={"sensor": "a", "value": 2.5}, headers={"Prefer": "wait=10"})
    assert (answer.status_code, answer.json()) == (202, BODY)
    unwanted = {"location", "link", "retry-after", "preference-applied", "vary", "idempotency-replayed"}
    assert unwanted & set(answer.headers) == set()
    assert answer.headers["cache-control"] == "no-store"
    assert (await site.api.get("/jobs")).json()["items"] == []
    site.go_on.set()
    await site.signals.told("losable.completed")
    assert site.seen == [("a", 2.5)]


async def test_an_idempotency_key_is_refused(site: Site) -> None:
    """Nothing could keep what it promises."""
    answer = await site.api.post("/readings", json={"sensor": "a", "value": 1}, headers={"Idempotency-Key": "k"})
    assert_problem(answer, 400, "invalid-parameter")
    assert site.signals.all("losable.accepted") == []


async def test_a_request_that_is_wrong_is_refused_as_any_other(site: Site) -> None:
    assert_problem(await site.api.post("/readings", json={"sensor": "a", "value": "much"}), 422, "invalid-arguments")
    assert_problem(await site.api.post("/readings", content=b"{"), 400, "malformed-body")
    assert site.signals.all("losable.accepted") == []


async def test_a_full_queue_pushes_back(site: Site) -> None:
    statuses = [(await site.api.post("/readings", json={"sensor": "a", "value": n})).status_code for n in range(8)]
    assert statuses[:2] == [202, 202]
    answer = await site.api.post("/readings", json={"sensor": "a", "value": 9})
    assert_problem(answer, 503, "queue-full")
    assert 1 <= int(answer.headers["retry-after"]) <= 5
    site.go_on.set()
    await site.signals.told("losable.completed", count=statuses.count(202))
    assert (await site.api.post("/readings", json={"sensor": "a", "value": 9})).status_code == 202


async def test_a_route_of_the_application_s_own_can_take_such_requests(site: Site) -> None:
    answer = await site.api.post("/own", params={"sensor": "mine"})
    assert (answer.status_code, answer.json(), "location" in answer.headers) == (202, BODY, False)
    site.go_on.set()
    assert (await site.signals.told("losable.completed"))["owner"] == "own"


async def test_it_is_said_in_the_catalogue_and_in_the_description(site: Site) -> None:
    [entry] = (await site.api.get("/operations")).json()["items"]
    assert (entry["policy"]["durable"], entry["policy"]["losable"]) == (False, WHY)
    described = (await site.api.get("/openapi.json")).json()["paths"]["/readings"]["post"]
    assert WHY in described["description"]
    assert "can be lost" in described["description"]
    assert "headers" not in described["responses"]["202"]
    assert described.get("parameters", []) == []
    assert "Note a value." in described["summary"]


async def test_what_is_left_at_the_end_is_run_first(site: Site) -> None:
    """A server that shuts down answers 503, and runs what it has accepted."""
    await site.api.post("/readings", json={"sensor": "a", "value": 1})
    await site.signals.told("losable.accepted")
    site.go_on.set()
    await site.signals.told("losable.completed")
