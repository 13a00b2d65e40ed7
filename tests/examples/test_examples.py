"""The examples, run as their first lines say, give what is written in `expected/`."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from coatcheck.clock import SystemClock
from coatcheck.wire.signatures import new_secret, parse_secret, signed_headers
from tests.examples.transcript import EXAMPLES, served

EXPECTED = Path(__file__).parent / "expected"
ADA = {"Authorization": "Bearer adas-token"}
BEN = {"Authorization": "Bearer bens-token"}


def expected(name: str) -> str:
    return (EXPECTED / f"{name}.txt").read_text("utf-8")


def test_plain(tmp_path: Path) -> None:
    with served("plain:jobs", tmp_path) as said:
        said.follow(said.ask("POST", "/rainfall", {"year": 2014}))
        said.ask("POST", "/rainfall", {"year": 1999})
    assert expected("plain") == said.text


def test_starlette(tmp_path: Path) -> None:
    with served("starlette_app:app", tmp_path) as said:
        said.ask("GET", "/")
        said.follow(said.ask("POST", "/records", {"first": 2012, "last": 2015}))
        said.follow(said.ask("POST", "/records", {"first": 2015, "last": 2016}))
    assert expected("starlette_app") == said.text


def test_fastapi(tmp_path: Path) -> None:
    """Ben sees nothing of Ada's, and both routes lead to the same kind of job."""
    with served("fastapi_reports:app", tmp_path) as said:
        said.ask("POST", "/reports", {"year": 2014})
        said.ask("POST", "/reports", {"year": 2020}, ADA)
        accepted = said.ask("POST", "/reports", {"year": 2014}, ADA)
        said.follow(accepted, ADA)
        said.ask("GET", accepted.headers["location"], headers=BEN)
        said.ask("POST", "/me/reports/2015")
        said.follow(said.ask("POST", "/me/reports/2015", headers=BEN), BEN)
    assert expected("fastapi_reports") == said.text


def test_django(tmp_path: Path) -> None:
    """The site's own view orders what our route would; each sees their own."""
    with served("django_reports:application", tmp_path) as said:
        said.follow(said.ask("POST", "/api/rainfall", {"year": 2014}, ADA), ADA)
        said.ask("POST", "/reports/2015")
        ordered = said.ask("POST", "/reports/2015", headers=BEN)
        said.follow(ordered, BEN)
        said.ask("GET", ordered.headers["location"], headers=ADA)
    assert expected("django_reports") == said.text


def test_flask(tmp_path: Path) -> None:
    with served("flask_reports:application", tmp_path) as said:
        said.follow(said.ask("POST", "/api/rainfall", {"year": 2014}))
        said.ask("POST", "/api/rainfall", {"year": "last"})
        said.ask("GET", "/wettest/2015")
    assert expected("flask_reports") == said.text


@pytest.mark.parametrize("target", ["fastapi_receiver:app", "flask_receiver:application"])
def test_receivers(target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A message comes twice and counts once; one that was changed on its way is refused."""
    secret = new_secret()
    monkeypatch.setenv("WEBHOOK_SECRET", secret)
    if target.startswith("flask"):
        monkeypatch.setenv("DATABASE_URL", request.getfixturevalue("database_url"))
    job = {"jobId": "01890a5d-ac96-774b-bcce-b302099a8057", "status": "completed", "statusUrl": "/jobs/1", "resultUrl": "/jobs/1/result"}
    message = {"type": "job.completed", "timestamp": "2026-11-22T12:00:00Z", "data": job}
    headers = signed_headers([parse_secret(secret)], "msg_1", int(SystemClock().now()), json.dumps(message).encode())
    with served(target, tmp_path) as said:
        for body in (message, message, {**message, "type": "job.failed"}):
            said.ask("POST", "/hooks", body, headers)
        said.ask("GET", "/reports")
    assert expected(target.partition(":")[0]) == said.text


def test_live_page(tmp_path: Path) -> None:
    """The page itself is tried in a browser; this is what it asks for."""
    with served("live_page:app", tmp_path) as said:
        said.ask("POST", "/reports", {"year": 2014})
        accepted = said.ask("POST", "/reports", {"year": 2014}, ADA)
        said.follow(accepted, ADA)
        answer = said.ask("POST", f"{accepted.headers['location']}/events/ticket", headers=BEN)
        assert answer.status_code == 401
    assert expected("live_page") == said.text


def test_from_code(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, EXAMPLES / "from_code.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert expected("from_code") == ran.stdout


def test_each_example_says_how_it_is_run() -> None:
    """One documented command, and a test of that name's output."""
    for example in EXAMPLES.glob("*.py"):
        command = re.search(r"^    (uvicorn (\w+):\w+(?: --port \d+)?|python (\w+)\.py)$", example.read_text("utf-8"), re.MULTILINE)
        assert command, example
        assert example.stem in command.groups()
        assert expected(example.stem)
