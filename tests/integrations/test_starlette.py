"""The Starlette adapter."""

from pathlib import Path
from typing import Annotated

import httpx2
import pytest
from fastapi import Depends
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from coatcheck.app import Coatcheck
from coatcheck.errors import ConfigurationError
from coatcheck.testing.harness import serving
from tests.http.site import LOOPBACK, UNKNOWN, register


async def test_our_routes_stand_beside_the_hosts_own(tmp_path: Path) -> None:
    jobs = Coatcheck(store=f"sqlite:///{tmp_path / 'jobs.db'}", embedded_worker=False)
    register(jobs)

    async def mine(request: Request) -> PlainTextResponse:
        return PlainTextResponse("mine")

    app = Starlette(routes=[*jobs.routes, Route("/echo", mine)], lifespan=jobs.lifespan)
    with serving(app) as url:
        async with httpx2.AsyncClient(base_url=url, verify=LOOPBACK) as api:
            assert (await api.get("/echo")).text == "mine"
            accepted = await api.post("/echo", json={"text": "x"})
            assert (await api.get(accepted.headers["location"])).json()["status"] == "queued"
            refused = await api.put(f"/jobs/{UNKNOWN}")
            assert (refused.status_code, refused.headers["allow"]) == (405, "DELETE, GET, HEAD")
            assert refused.headers["content-type"] == "application/problem+json"


async def test_by_itself_every_answer_is_one_of_ours(tmp_path: Path) -> None:
    jobs = Coatcheck(store=f"sqlite:///{tmp_path / 'jobs.db'}", embedded_worker=False)
    register(jobs)
    with serving(jobs) as url:
        async with httpx2.AsyncClient(base_url=url, verify=LOOPBACK) as api:
            for path in ("/nowhere", "/jobs/", "/echo/"):
                answer = await api.get(path)
                assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
                assert answer.headers["cache-control"] == "no-store"


def test_what_only_fastapi_can_resolve_is_refused_by_name(tmp_path: Path) -> None:
    jobs = Coatcheck(store=f"sqlite:///{tmp_path / 'jobs.db'}")

    @jobs.operation("/reports")
    def report(year: int, user: Annotated[str, Depends(lambda: "alice")]) -> None:
        """Report."""

    with pytest.raises(ConfigurationError, match=r"'report'.*\(user\)"):
        _ = jobs.routes


def test_an_application_with_a_lifespan_is_not_wrapped(tmp_path: Path) -> None:
    """Its own would silently not run."""
    jobs = Coatcheck(store=f"sqlite:///{tmp_path / 'jobs.db'}")
    with pytest.raises(ConfigurationError, match=r"Starlette\(lifespan=jobs.lifespan\)"):
        jobs.asgi(Starlette())
