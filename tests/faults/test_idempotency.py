"""The same Idempotency-Key, sent again: at once, with another body, by another owner."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.requests import Request

from coatcheck import Coatcheck
from coatcheck.testing.harness import serving

KEY = {"Idempotency-Key": "order-17"}


async def by_bearer(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ") or "everyone"


@pytest.fixture
async def api(empty_store: str) -> AsyncIterator[httpx2.AsyncClient]:
    jobs = Coatcheck(store=empty_store, authenticate=by_bearer, embedded_worker=False)

    @jobs.operation("/echo")
    async def echo(text: str, times: int = 1) -> str:
        return text * times

    with serving(jobs) as url:
        async with httpx2.AsyncClient(base_url=url, timeout=30, limits=httpx2.Limits(max_connections=64)) as api:
            yield api


async def jobs_of(api: httpx2.AsyncClient, owner: str = "everyone") -> list[str]:
    answer = await api.get("/jobs", headers={"Authorization": f"Bearer {owner}"})
    return [job["jobId"] for job in answer.json()["items"]]


async def test_sixty_four_at_once_get_one_job(api: httpx2.AsyncClient) -> None:
    """F36."""
    answers = await asyncio.gather(*(api.post("/echo", json={"text": "once"}, headers=KEY) for _ in range(64)))
    assert {answer.status_code for answer in answers} == {202}
    (job_id,) = {answer.json()["jobId"] for answer in answers}
    assert await jobs_of(api) == [job_id]


async def test_another_body_under_the_same_key_is_refused_and_the_first_job_untouched(api: httpx2.AsyncClient) -> None:
    """F37: bodies are compared by what they mean, not by how they are written."""
    first = await api.post("/echo", json={"text": "once", "times": 1}, headers=KEY)
    other = await api.post("/echo", json={"text": "twice"}, headers=KEY)
    assert (other.status_code, other.headers["content-type"]) == (422, "application/problem+json")
    assert other.json()["type"].endswith("/problems/idempotency-key-reused")
    same = await api.post("/echo", content=b'{ "times": 1, "text": "\\u006fnce" }', headers={**KEY, "Content-Type": "application/json"})
    assert (same.status_code, same.json()["jobId"]) == (202, first.json()["jobId"])
    assert await jobs_of(api) == [first.json()["jobId"]]


async def test_the_same_key_of_another_owner_is_another_key(api: httpx2.AsyncClient) -> None:
    """F38: and nothing says that the first one exists."""
    alices, bobs = [
        await api.post("/echo", json={"text": name}, headers={**KEY, "Authorization": f"Bearer {name}"}) for name in ("alice", "bob")
    ]
    assert alices.status_code == bobs.status_code == 202
    assert alices.json()["jobId"] != bobs.json()["jobId"]
    assert await jobs_of(api, "alice") == [alices.json()["jobId"]]
    assert await jobs_of(api, "bob") == [bobs.json()["jobId"]]
