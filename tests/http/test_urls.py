"""Every URL in an answer is where the client finds it, wherever the host put our routes; Host is never believed."""

from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from coatcheck.app import Coatcheck
from coatcheck.http.urls import here
from coatcheck.settings import Settings
from coatcheck.testing.harness import serving
from tests.http.site import LOOPBACK, register


def made(directory: Path, **settings: Any) -> Coatcheck:
    jobs = Coatcheck(store=f"sqlite:///{directory / 'jobs.db'}", embedded_worker=False, **settings)
    register(jobs)
    return jobs


def all_urls(part: Any) -> list[str]:
    match part:
        case dict():
            return [url for value in part.values() for url in all_urls(value)]
        case list():
            return [url for item in part for url in all_urls(item)]
        case str() if "/" in part:
            return [part]
        case _:
            return []


def starlette_alone(jobs: Coatcheck) -> ASGIApp:
    return jobs


def starlette_mounted(jobs: Coatcheck) -> ASGIApp:
    return Starlette(routes=[Mount("/outer", routes=[Mount("/inner", app=jobs)])], lifespan=jobs.lifespan)


def fastapi_included(jobs: Coatcheck) -> ASGIApp:
    app = FastAPI(lifespan=jobs.lifespan)
    app.include_router(jobs.router)
    return app


def fastapi_below_a_prefix(jobs: Coatcheck) -> ASGIApp:
    app = FastAPI(lifespan=jobs.lifespan)
    app.include_router(jobs.router, prefix="/api")
    return app


def fastapi_below_a_prefix_with_a_parameter(jobs: Coatcheck) -> ASGIApp:
    app = FastAPI(lifespan=jobs.lifespan)
    app.include_router(jobs.router, prefix="/tenants/{tenant}")
    return app


def fastapi_mounted(jobs: Coatcheck) -> ASGIApp:
    inner = FastAPI()
    inner.include_router(jobs.router, prefix="/v1")
    outer = FastAPI(lifespan=jobs.lifespan)
    outer.mount("/inner", inner)
    return outer


HOSTS = [
    (starlette_alone, "", {}),
    (starlette_mounted, "/outer/inner", {}),
    (fastapi_included, "", {}),
    (fastapi_below_a_prefix, "/api", {}),
    (fastapi_below_a_prefix_with_a_parameter, "/tenants/a%20%C3%A9", {}),
    (fastapi_mounted, "/inner/v1", {}),
    (starlette_alone, "/mounted", {"mount": "/mounted"}),
    (fastapi_below_a_prefix, "/api/mounted", {"mount": "/mounted", "jobs_path": "/work"}),
]


@pytest.mark.parametrize(("host", "prefix", "settings"), HOSTS)
async def test_urls_lead_back_to_us(tmp_path: Path, host: Any, prefix: str, settings: dict[str, str]) -> None:
    jobs = made(tmp_path, **settings)
    path = f"{prefix}{settings.get('jobs_path', '/jobs')}"
    with serving(host(jobs)) as url:
        async with httpx2.AsyncClient(base_url=url, verify=LOOPBACK) as api:
            accepted = await api.post(f"{prefix}/echo", json={"text": "x"})
            assert accepted.headers["location"] == f"{path}/{accepted.json()['jobId']}"
            assert accepted.headers["link"].startswith(f"<{path}/")
            status = await api.get(accepted.headers["location"])
            assert status.status_code == 200
            for found in all_urls({**status.json()["_links"], "status": status.json()["statusUrl"]}):
                assert found.startswith(f"{path}/")
            await api.post(f"{prefix}/echo", json={"text": "x"})
            page = await api.get(f"{path}?limit=1")
            assert page.json()["next"].startswith(f"{path}?limit=1&cursor=")
            assert len((await api.get(page.json()["next"])).json()["items"]) == 1
            missing = await api.get(f"{path}/x")
            assert missing.json()["type"] == f"{prefix}/problems/job-not-found"
            assert (await api.get(missing.json()["type"])).status_code == 200
            entry = (await api.get(f"{prefix}/operations")).json()["items"][0]
            assert (await api.post(entry["path"], json={"text": "x"})).status_code == 202


async def test_the_servers_root_path_is_part_of_every_url(tmp_path: Path) -> None:
    """Behind a proxy that strips it: `uvicorn --root-path /behind`."""
    with serving(made(tmp_path), root_path="/behind") as url:
        async with httpx2.AsyncClient(base_url=url, verify=LOOPBACK) as api:
            accepted = await api.post("/echo", json={"text": "x"})
            assert accepted.headers["location"].startswith("/behind/jobs/")
            assert accepted.json()["_links"]["events"]["href"].startswith("/behind/jobs/")


async def test_a_root_path_that_is_missing_from_the_path_is_part_of_every_url_too(tmp_path: Path) -> None:
    """As servers before ASGI's clarification, and hosts that set it themselves, have it."""
    app = fastapi_below_a_prefix(made(tmp_path))

    async def behind(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "root_path": "/behind"}, receive, send)

    with serving(behind) as url:
        async with httpx2.AsyncClient(base_url=url, verify=LOOPBACK) as api:
            accepted = await api.post("/api/echo", json={"text": "x"})
            assert accepted.headers["location"].startswith("/behind/api/jobs/")


async def test_with_a_public_url_they_are_absolute(tmp_path: Path) -> None:
    with serving(made(tmp_path, public_url="https://api.example.com")) as url:
        async with httpx2.AsyncClient(base_url=url, verify=LOOPBACK) as api:
            accepted = await api.post("/echo", json={"text": "x"})
            job_id = accepted.json()["jobId"]
            assert accepted.headers["location"] == f"https://api.example.com/jobs/{job_id}"
            for found in all_urls(accepted.json()["_links"]):
                assert found.startswith("https://api.example.com/jobs/")
            missing = await api.get("/jobs/x")
            assert missing.json()["type"] == "https://api.example.com/problems/job-not-found"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/evil.example"},
        {"Forwarded": "host=evil.example"},
    ],
)
async def test_no_header_gets_into_a_url(tmp_path: Path, headers: dict[str, str]) -> None:
    with serving(made(tmp_path)) as url:
        async with httpx2.AsyncClient(base_url=url, verify=LOOPBACK, headers=headers) as api:
            answers = [
                await api.post("/echo", json={"text": "x"}),
                await api.post("/echo/", json={"text": "x"}),
                await api.get("/jobs"),
                await api.get("/jobs/x"),
                await api.get("/nowhere"),
            ]
            for answer in answers:
                assert "evil.example" not in answer.text + str(answer.headers)


@pytest.mark.parametrize("path", ["//evil.example/jobs", "///evil.example/jobs"])
def test_a_path_that_begins_with_two_slashes_names_no_other_host(path: str) -> None:
    urls = here({"path": path, "root_path": "", "path_params": {}}, "/jobs", Settings())
    assert urls.jobs == "/evil.example/jobs"


def test_a_prefix_is_encoded_again() -> None:
    urls = here({"path": "/a\r\nb/jobs", "root_path": "", "path_params": {}}, "/jobs", Settings())
    assert urls.jobs == "/a%0D%0Ab/jobs"
