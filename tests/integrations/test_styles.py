"""The OpenAPI document describes what an application of any style really sends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI

from coatcheck import Coatcheck, HttpStyle
from coatcheck.testing.harness import serving
from tests.http.site import LOOPBACK

STYLE = HttpStyle(
    pending_status=202,
    only=["jobId", "status", "percentComplete", "result", "error", "_links"],
    members={"jobId": ("id", "jobId"), "percentComplete": "progressPct"},
    omit_null=True,
    statuses={"queued": "processing", "running": "processing", "cancelling": "processing"},
    error="message",
    links="array",
    segments={"result": "output", "events": "progress"},
    json_types=("application/json", "text/plain"),
)


def application(folder: Path, style: HttpStyle, own: HttpStyle | None = None) -> tuple[FastAPI, dict[str, Any]]:
    """The host's application, and the paths in its description."""
    jobs = Coatcheck(store=f"sqlite:///{folder / 'jobs.db'}", style=style)

    @jobs.operation("/reports")
    def report(year: int) -> list[int]:
        return [year]

    @jobs.operation("/orders", style=own)
    def order(dish: str) -> str:
        return dish

    app = FastAPI(lifespan=jobs.lifespan)
    app.include_router(jobs.router)
    paths: dict[str, Any] = app.openapi()["paths"]
    return app, paths


@asynccontextmanager
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    with serving(app) as url:
        async with httpx2.AsyncClient(base_url=url, verify=LOOPBACK, timeout=60) as api:
            yield api


def shown(paths: dict[str, Any], path: str, method: str, status: str) -> Any:
    return paths[path][method]["responses"][status]["content"]["application/json"]["schema"]


async def test_the_shape_is_the_one_that_is_sent(tmp_path: Path) -> None:
    app, paths = application(tmp_path, STYLE)
    assert {"/jobs/{job_id}/output", "/jobs/{job_id}/progress", "/jobs/{job_id}/retry"} <= set(paths)
    assert set(paths["/reports"]["post"]["requestBody"]["content"]) == {"application/json", "text/plain"}
    accepted = shown(paths, "/reports", "post", "202")
    assert set(accepted["properties"]) == {"id", "jobId", "status", "progressPct", "result", "error", "_links"}
    assert accepted["required"] == ["id", "jobId", "status", "_links"]
    assert accepted["properties"]["status"]["enum"] == ["processing", "completed", "failed", "cancelled"]
    assert accepted["properties"]["error"]["anyOf"][0] == {"type": "string"}
    assert accepted["properties"]["_links"]["items"]["required"] == ["rel", "href", "method"]
    assert accepted["properties"]["result"]["anyOf"][0] == {"type": "array", "items": {"type": "integer"}}
    assert set(paths["/jobs/{job_id}"]["get"]["responses"]) >= {"200", "202", "304"}
    assert "processing" in paths["/jobs"]["get"]["parameters"][0]["schema"]["items"]["enum"]
    async with client(app) as api:
        sent = (await api.post("/reports", json={"year": 2026})).json()
        assert set(accepted["required"]) <= sent.keys() <= set(accepted["properties"])
        ended = await api.get(f"/jobs/{sent['id']}", headers={"Prefer": "wait=25"})
        described = shown(paths, "/jobs/{job_id}", "get", str(ended.status_code))
        assert set(described["required"]) <= ended.json().keys() <= set(described["properties"])


def test_redirects_and_results_in_the_place_of_the_status_are_described(tmp_path: Path) -> None:
    _, paths = application(tmp_path, HttpStyle(completed="redirect"))
    responses = paths["/jobs/{job_id}"]["get"]["responses"]
    assert "Location" in responses["303"]["headers"]
    _, paths = application(tmp_path, HttpStyle(completed="body"))
    responses = paths["/jobs/{job_id}"]["get"]["responses"]
    assert {"*/*", "application/json"} == set(responses["200"]["content"])
    assert {"206", "416", "303"} <= set(responses)


def test_a_route_of_all_jobs_describes_every_style_there_is(tmp_path: Path) -> None:
    """One each, however many operations share it."""
    own = HttpStyle(members={"jobId": "token"}, pending_status=202)
    _, paths = application(tmp_path, HttpStyle(), own)
    assert "token" in shown(paths, "/orders", "post", "202")["properties"]
    native, other = shown(paths, "/jobs/{job_id}", "get", "200")["anyOf"]
    assert ("jobId" in native["properties"], "token" in other["properties"]) == (True, True)
    assert "token" in shown(paths, "/jobs/{job_id}", "get", "202")["properties"]
    _, paths = application(tmp_path, own, own)
    assert "anyOf" not in shown(paths, "/jobs/{job_id}", "get", "200")
