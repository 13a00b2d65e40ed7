"""The host's own code beside ours: its hooks, its views, its errors, its middleware."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, JsonResponse
from django.urls import path
from fastapi import Depends, FastAPI, HTTPException
from flask import Flask, abort
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from werkzeug.test import Client

from coatcheck import Coatcheck
from coatcheck.bound import BoundOperation
from coatcheck.errors import ConfigurationError
from tests.hosts.application import Asked, application
from tests.hosts.serving import BELOW, WSGI, application_in, hosted

OURS = f"{BELOW}/jobs"


def view_of_its_own(jobs: Coatcheck, count: BoundOperation[Any, Any, [], int]) -> Callable[[Any], None]:
    """Add a view to the host's application: it submits a job, and tells its id, as people of that framework write it."""

    async def submit() -> dict[str, str]:
        return {"id": (await count.submit()).id}

    def plain() -> dict[str, str]:
        return {"id": jobs.portal.call(count.submit).id}

    async def of_starlette(_: Request) -> JSONResponse:
        return JSONResponse(await submit())

    async def of_django(_: HttpRequest) -> JsonResponse:
        return JsonResponse(await submit())

    def add(host: Any) -> None:
        match host:
            case FastAPI():
                host.get("/mine")(submit)
            case Starlette():
                host.routes.append(Route("/mine", of_starlette))
            case Flask():
                host.get("/mine")(plain)
            case list():
                host += [path("mine", of_django), path("plain", lambda _: JsonResponse(plain()))]

    return add


def test_a_view_of_its_own_submits_a_job(host: str, tmp_path: Path) -> None:
    """It is run, though nobody has asked for any of our routes: under WSGI, too, where nothing has told us of a start."""
    jobs, ran = application(tmp_path), threading.Event()

    @jobs.operation("/count")
    def count() -> int:
        ran.set()
        return 42

    with hosted(jobs, host, "mounted", also=view_of_its_own(jobs, count)) as served, served.client() as api:
        mine = "/plain" if host == "django-wsgi" else "/mine"
        api.get(mine)
        job_id = api.get(mine).json()["id"]
        assert ran.wait(30)
        assert api.get(f"{OURS}/{job_id}", headers={"Prefer": "wait=25"}).json()["result"] == 42


def test_a_store_that_cannot_be_opened_is_a_problem_of_our_routes_only(host: str, tmp_path: Path) -> None:
    """Under WSGI. With a lifespan, the server does not start."""
    jobs = application(tmp_path, store=f"sqlite:///{tmp_path / 'missing' / 'jobs.db'}")
    if host not in WSGI:
        with pytest.raises(RuntimeError, match="did not start"), hosted(jobs, host, "mounted"):
            pass
        return

    def own(host: Any) -> None:
        if isinstance(host, Flask):
            host.get("/about")(lambda: {"about": "us"})
        else:
            host.append(path("about", lambda _: JsonResponse({"about": "us"})))

    with hosted(jobs, host, "mounted", also=own) as served, served.client() as api:
        for _ in range(2):
            assert api.get("/about").json() == {"about": "us"}
            answer = api.get(OURS)
            assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
            assert "missing" not in answer.text
        (tmp_path / "missing").mkdir()
        assert api.get(OURS).status_code == 200


@pytest.mark.parametrize("host", WSGI)
def test_a_body_that_breaks_off_is_not_taken_for_whole(host: str, tmp_path: Path) -> None:
    """The client has gone in the middle of an upload, and the server's stream just ends: nothing is submitted."""
    jobs = application(tmp_path)
    client = Client(application_in(jobs, host))
    try:
        answer = client.post("/digest", data=b"half", environ_overrides={"CONTENT_LENGTH": "8"})
        assert answer.status_code == 400
        assert json.loads(client.get("/jobs").text)["items"] == []
        assert client.post("/digest", data=b"a whole", environ_overrides={"CONTENT_LENGTH": "7"}).status_code == 202
    finally:
        jobs.portal.close()


@pytest.mark.parametrize("kind", ["plain", "waiting"])
def test_the_hook_may_be_plain_or_async(host: str, tmp_path: Path, kind: str) -> None:
    """A plain one is called where it may block: on no event loop."""
    asked = Asked()
    with hosted(application(tmp_path, authenticate=getattr(asked, kind)), host, "mounted") as served, served.client() as api:
        for credentials, status in [("Bearer ann", 202), ("", 401)]:
            assert api.post(f"{BELOW}/echo", json={"text": "x"}, headers={"Authorization": credentials}).status_code == status
        assert api.get(OURS, headers={"Authorization": "Bearer ben"}).json()["items"] == []
    assert asked.in_loop == {kind == "waiting"}


def refusing(host: str) -> Callable[[Any], Any]:
    """A hook that refuses as the host's views do."""

    def refuse(request: Any) -> str:
        if host in ("fastapi", "starlette"):
            raise HTTPException(403, "Not you.")
        if host.startswith("django"):
            raise PermissionDenied("Not you.")
        abort(403, "Not you.")

    return refuse


def test_what_the_hook_raises_as_the_hosts_views_do_is_a_problem(host: str, tmp_path: Path) -> None:
    with hosted(application(tmp_path, authenticate=refusing(host)), host, "mounted") as served, served.client() as api:
        answer = api.get(OURS)
        assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
        assert answer.json()["detail"] == "Not you."


def test_a_hook_that_fails_is_an_error_that_tells_nothing(host: str, tmp_path: Path) -> None:
    def failing(request: Any) -> str:
        raise LookupError("the password is swordfish")

    with hosted(application(tmp_path, authenticate=failing), host, "mounted") as served, served.client() as api:
        answer = api.get(OURS)
        assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
        assert "swordfish" not in answer.text


@pytest.mark.parametrize("host", ["fastapi", "starlette"])
def test_the_hosts_own_middleware_for_other_origins_says_nothing_twice(host: str, tmp_path: Path) -> None:
    def with_middleware(app: Any) -> None:
        app.user_middleware.append(Middleware(CORSMiddleware, allow_origins=["https://pages.example"], allow_credentials=True))

    jobs = application(tmp_path, cors_origins="https://pages.example")
    with hosted(jobs, host, "mounted", also=with_middleware) as served, served.client(headers={"Origin": "https://pages.example"}) as api:
        answer = api.get(OURS)
        for field in ("access-control-allow-origin", "access-control-allow-credentials", "access-control-expose-headers"):
            assert len(answer.headers.get_list(field)) == 1
        asking = api.options(OURS, headers={"Access-Control-Request-Method": "GET"})
        assert (asking.status_code, asking.headers.get_list("access-control-allow-origin")) == (200, ["https://pages.example"])


def test_any_page_may_call_where_all_origins_may_but_never_with_cookies(host: str, tmp_path: Path) -> None:
    with hosted(application(tmp_path, cors_origins="*"), host, "mounted") as served, served.client() as api:
        answer = api.get(OURS, headers={"Origin": "https://anywhere.example"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


def test_without_the_setting_nothing_is_said_of_origins(host: str, tmp_path: Path) -> None:
    with hosted(application(tmp_path), host, "mounted") as served, served.client(headers={"Origin": "https://pages.example"}) as api:
        answer = api.get(OURS)
        assert not any(name.startswith("access-control") for name in answer.headers)
        assert api.options(OURS, headers={"Access-Control-Request-Method": "GET"}).status_code == 405


@pytest.mark.parametrize("host", ["starlette", "django", "django-wsgi", "flask"])
def test_what_only_fastapi_can_resolve_is_refused_by_name(host: str, tmp_path: Path) -> None:
    jobs = application(tmp_path)

    @jobs.operation("/reports")
    def report(year: int, user: Annotated[str, Depends(lambda: "ann")]) -> None:
        """Report."""

    with pytest.raises(ConfigurationError, match=r"'report'.*\(user\)"), hosted(jobs, host):
        pass
