"""What Flask's own has to do with our routes: its context and session, its names, its limits, its test client."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, g, request, session, url_for

from coatcheck import Coatcheck, Handle, Job
from coatcheck.domain.owner import Viewer
from coatcheck.testing.kit import inline, manual
from tests.hosts.application import FILE, application
from tests.hosts.serving import BELOW, hosted


def by_session(own: Any) -> Viewer | None:
    """What views of Flask's use, `own` being the very request that they see."""
    assert own is request._get_current_object()  # type: ignore[attr-defined]
    g.asked = True
    return session.get("owner")


async def by_session_async(own: Any) -> Viewer | None:
    return by_session(own)


def log_in(app: Flask) -> None:
    @app.get("/login/<name>")
    def login(name: str) -> str:
        session["owner"] = name
        return name

    @app.after_request
    def tell(response: Any) -> Any:
        response.headers["X-Asked"] = str(g.get("asked", False))
        return response


@pytest.mark.parametrize("host", ["flask", "flask-asgi"])
@pytest.mark.parametrize("hook", [by_session, by_session_async])
def test_the_hook_is_within_the_requests_context(tmp_path: Path, host: str, hook: Any) -> None:
    """It sees the session, and what it leaves in `g` is there for what comes after."""
    with hosted(application(tmp_path, authenticate=hook), host, "mounted", also=log_in) as served, served.client() as browser:
        assert browser.get(f"{BELOW}/jobs").status_code == 401
        browser.get("/login/ann")
        accepted = browser.post(f"{BELOW}/echo", json={"text": "x"})
        assert (accepted.status_code, accepted.headers["x-asked"]) == (202, "True")
        assert browser.get(f"{accepted.headers['location']}/events").json()["items"][0]["actor"] == "ann"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[tuple[Flask, Coatcheck]]:
    jobs, app = application(tmp_path), Flask(__name__)
    app.register_blueprint(jobs.blueprint, url_prefix="/api")
    yield app, jobs
    jobs.portal.close()


def test_its_test_client_reaches_us(app: tuple[Flask, Coatcheck]) -> None:
    client = app[0].test_client()
    accepted = client.post("/api/echo", json={"text": "x"})
    assert accepted.status_code == 202
    done = client.get(accepted.headers["Location"], headers={"Prefer": "wait=25"})
    assert done.get_json()["result"] == {"text": "x"}


def test_the_test_kit_works_through_it(app: tuple[Flask, Coatcheck]) -> None:
    """Nothing of the application's own is opened beside the kit's, and no worker runs."""
    flask, jobs = app
    client = flask.test_client()
    with inline(jobs):
        accepted = client.post("/api/echo", json={"text": "x"})
        assert client.get(accepted.headers["Location"]).get_json()["result"] == {"text": "x"}
    with manual(jobs) as kit:
        accepted = client.post("/api/echo", json={"text": "y"})
        assert client.get(accepted.headers["Location"]).get_json()["status"] == "queued"
        assert kit.run().status == "completed"


def test_its_own_names_lead_to_our_routes(app: tuple[Flask, Coatcheck]) -> None:
    with app[0].test_request_context():
        assert url_for("coatcheck.status", job_id="x") == "/api/jobs/x"
        assert url_for("coatcheck.submit_echo") == "/api/echo"
        assert url_for("coatcheck.submit_boom_once") == "/api/boom"


def test_a_view_waits_for_a_result(app: tuple[Flask, Coatcheck], tmp_path: Path) -> None:
    """In plain code, with the types of the function."""
    jobs = Coatcheck(store=f"sqlite:///{tmp_path / 'own.db'}")

    @jobs.operation("/double")
    def double(number: int, job: Job) -> int:
        return 2 * number

    own = Flask(__name__)
    own.register_blueprint(jobs.blueprint)

    @own.get("/twice/<int:number>")
    def twice(number: int) -> dict[str, int]:
        handle: Handle[int] = jobs.portal.call(double.submit, number)
        return {"twice": jobs.portal.call(handle.result, timeout=30)}

    try:
        assert own.test_client().get("/twice/21").get_json() == {"twice": 42}
    finally:
        jobs.portal.close()


def test_flasks_own_limit_of_a_body_is_a_problem(app: tuple[Flask, Coatcheck]) -> None:
    app[0].config["MAX_CONTENT_LENGTH"] = 1000
    answer = app[0].test_client().post("/api/digest", data=FILE)
    assert (answer.status_code, answer.content_type) == (413, "application/problem+json")


def test_a_stream_that_nobody_reads_to_its_end_is_closed(app: tuple[Flask, Coatcheck]) -> None:
    client = app[0].test_client()
    accepted = client.post("/api/export")
    client.get(accepted.headers["Location"], headers={"Prefer": "wait=25"})
    answer = client.get(f"{accepted.headers['Location']}/result", buffered=False)
    assert next(iter(answer.response)) == FILE[: len(FILE)]
    answer.close()
    assert client.get(f"{accepted.headers['Location']}/result").data == FILE
