"""What Django's own has to do with our routes: sessions and users, forged requests, middleware, prefixes, its test client."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from coatcheck.domain.owner import Viewer
from coatcheck.testing.harness import eventually
from tests.hosts import django_project

django_project.set_up()

from django.conf import settings  # noqa: E402  once it is set up
from django.contrib.auth import alogin  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db.backends.signals import connection_created  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.middleware.csrf import get_token  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from django.urls import path, reverse  # noqa: E402

from tests.hosts.application import FILE, application  # noqa: E402
from tests.hosts.serving import BEHIND, BELOW, Served, hosted, leave  # noqa: E402

HOSTS = ["django", "django-wsgi"]


@pytest.fixture(scope="module", autouse=True)
def _tables() -> None:
    """Users and sessions have tables."""
    call_command("migrate", verbosity=0)
    if not User.objects.filter(username="ann").exists():  # where the module's tests are run in two goes
        User.objects.create_user("ann", password="swordfish")


async def log_in(request: HttpRequest) -> HttpResponse:
    await alogin(request, await User.objects.aget(username="ann"))
    return HttpResponse(get_token(request))


def by_session(request: HttpRequest) -> Viewer | None:
    """Whoever is logged in; programs bring a token."""
    if request.headers.get("authorization") == "Bearer s3cret":
        return "program"
    return request.user.get_username() or None


async def by_session_async(request: HttpRequest) -> Viewer | None:
    if request.headers.get("authorization") == "Bearer s3cret":
        return "program"
    return (await request.auser()).get_username() or None


@pytest.fixture(scope="module", params=[(host, hook) for host in HOSTS for hook in (by_session, by_session_async)])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    host, hook = request.param
    jobs = application(tmp_path_factory.mktemp("django"), authenticate=hook)
    with hosted(jobs, host, "mounted", also=lambda urls: urls.append(path("login", log_in))) as served:
        yield served


@pytest.fixture
def browser(site: Served) -> Iterator[httpx2.Client]:
    """Somebody who is logged in, whose browser sends cookies with whatever it sends."""
    with site.client() as browser:
        browser.headers["X-CSRFToken"] = browser.get("/login").text
        yield browser


def ids(browser: httpx2.Client) -> list[str]:
    """The visitor's jobs. The rest of what is shown of one that waits goes by the clock."""
    return [item["jobId"] for item in browser.get(f"{BELOW}/jobs").json()["items"]]


class TestSessions:
    def test_the_hook_sees_who_is_logged_in(self, site: Served, browser: httpx2.Client) -> None:
        accepted = browser.post(f"{BELOW}/echo", json={"text": "x"})
        assert accepted.status_code == 202
        history = browser.get(f"{accepted.headers['location']}/events").json()["items"]
        assert history[0]["actor"] == "ann"
        with site.client() as stranger:
            assert stranger.get(f"{BELOW}/jobs").status_code == 401

    def test_no_connection_to_its_database_is_left_open(self, site: Served, browser: httpx2.Client) -> None:
        """Whichever thread the hook has asked it in."""
        opened: list[Any] = []

        def remember(*, connection: Any, **_: object) -> None:
            opened.append(connection)

        connection_created.connect(remember)
        try:
            for _ in range(3):
                assert browser.get(f"{BELOW}/jobs").status_code == 200
        finally:
            connection_created.disconnect(remember)
        assert opened
        eventually(lambda: all(connection.connection is None for connection in opened))


class TestForgedRequests:
    """A page elsewhere can send a form, whose media type need not be a form's; the visitor's cookies come along."""

    @pytest.mark.parametrize(("method", "url"), [("POST", "/echo"), ("DELETE", "/jobs/x"), ("POST", "/jobs/x/retry")])
    @pytest.mark.parametrize("token", [None, "", "x" * 32])
    def test_cookies_alone_change_nothing(self, browser: httpx2.Client, method: str, url: str, token: str | None) -> None:
        del browser.headers["X-CSRFToken"]
        headers = {"Content-Type": "text/plain"} | ({} if token is None else {"X-CSRFToken": token})
        before = ids(browser)
        answer = browser.request(method, f"{BELOW}{url}", content=b'{"text": "forged"}', headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (403, f"{BELOW}/problems/forbidden")
        assert "CSRF" in answer.json()["detail"]
        assert ids(browser) == before

    def test_another_sites_origin_changes_nothing_token_or_not(self, browser: httpx2.Client) -> None:
        answer = browser.post(f"{BELOW}/echo", json={"text": "x"}, headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403

    def test_a_form_with_the_token_keeps_its_body_for_us(self, browser: httpx2.Client) -> None:
        """Django would look for the token in the form first, and leave nothing of it."""
        answer = browser.post(f"{BELOW}/form", data={"title": "x"}, files={"file": ("bytes.bin", FILE)})
        assert answer.status_code == 202, answer.text

    def test_a_program_with_a_token_of_its_own_needs_no_other(self, site: Served, browser: httpx2.Client) -> None:
        with site.client(headers={"Authorization": "Bearer s3cret"}) as program:
            assert program.post(f"{BELOW}/echo", json={"text": "x"}).status_code == 202
            program.cookies = browser.cookies
            assert program.post(f"{BELOW}/echo", json={"text": "x"}).status_code == 202


class ReadsForms:
    """Middleware that looks into each form, as some do for audits."""

    def __init__(self, get_response: Any) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        dict(request.POST)
        return self._get_response(request)


class ReadsBodies(ReadsForms):
    """Middleware that looks at each body."""

    def __call__(self, request: HttpRequest) -> Any:
        len(request.body)
        return self._get_response(request)


@pytest.mark.parametrize("host", HOSTS)
class TestMiddleware:
    def test_a_form_that_was_read_before_us_is_said_to_be(self, tmp_path: Path, host: str) -> None:
        """In the log: it is the application's fault, not the client's."""
        jobs = application(tmp_path)
        seen: list[str] = []
        jobs.telemetry.subscribe(lambda _, facts: seen.append(str(facts.get("error"))))
        with (
            override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, f"{__name__}.ReadsForms"]),
            hosted(jobs, host, "mounted") as served,
            served.client() as api,
        ):
            answer = api.post(f"{BELOW}/form", data={"title": "x"}, files={"file": ("bytes.bin", FILE)})
            assert answer.status_code == 500
            assert api.post(f"{BELOW}/echo", json={"text": "x"}).status_code == 202
        assert any("A middleware has read the form" in error for error in seen)

    def test_a_body_that_was_read_before_us_is_still_there(self, tmp_path: Path, host: str) -> None:
        with (
            override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, f"{__name__}.ReadsBodies"]),
            hosted(application(tmp_path), host, "mounted") as served,
            served.client() as api,
        ):
            assert api.post(f"{BELOW}/form", data={"title": "x"}, files={"file": ("bytes.bin", FILE)}).status_code == 202

    @pytest.mark.parametrize(("hook", "status"), [(by_session, 401), (None, 302)])
    def test_where_all_views_need_a_login_the_hook_decides_if_there_is_one(self, tmp_path: Path, host: str, hook: Any, status: int) -> None:
        with (
            override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]),
            hosted(application(tmp_path, authenticate=hook), host, "mounted") as served,
            served.client() as api,
        ):
            assert api.get(f"{BELOW}/jobs").status_code == status


@pytest.mark.parametrize("host", HOSTS)
def test_a_forced_script_name_is_part_of_every_url(tmp_path: Path, host: str) -> None:
    """What Django has for a proxy that strips a prefix, and a server that is told nothing of it."""
    with (
        override_settings(FORCE_SCRIPT_NAME=BEHIND),
        hosted(application(tmp_path), host, "mounted") as served,
        httpx2.Client(base_url=served.origin) as api,
    ):
        accepted = api.post(f"{BELOW}/echo", json={"text": "x"})
        assert accepted.headers["location"].startswith(f"{BEHIND}{BELOW}/jobs/")
        assert api.get(accepted.headers["location"].removeprefix(BEHIND)).status_code == 200


def test_its_own_names_lead_to_our_routes(tmp_path: Path) -> None:
    jobs = application(tmp_path)
    urls: Any = django_project.Urls([path("api/", jobs.urls)])
    assert reverse("coatcheck:status", urls, kwargs={"job_id": "x"}) == "/api/jobs/x"
    assert reverse("coatcheck:submit_echo", urls) == "/api/echo"


def test_its_test_client_reaches_us(tmp_path: Path) -> None:
    """The store is opened by the first request, as under any server without a lifespan."""
    jobs = application(tmp_path)
    client = Client(**{django_project.URLS: django_project.Urls([path("api/", jobs.urls)])})  # type: ignore[arg-type]
    try:
        accepted = client.post("/api/echo", {"text": "x"}, content_type="application/json")
        assert accepted.status_code == 202
        assert client.get(accepted["Location"], headers={"Prefer": "wait=25"}).json()["result"] == {"text": "x"}
    finally:
        leave(jobs, "django")


def test_asgi_without_our_lifespan_opens_the_store_by_itself(tmp_path: Path) -> None:
    jobs = application(tmp_path)
    with hosted(jobs, "django-without-lifespan", lifespan="off") as served, served.client() as api:
        accepted = api.post("/echo", json={"text": "x"})
        assert api.get(accepted.headers["location"], headers={"Prefer": "wait=25"}).json()["result"] == {"text": "x"}
