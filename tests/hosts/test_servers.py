"""Real servers in processes of their own: started as their manuals say, stopped by SIGTERM."""

import re
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from coatcheck.testing.harness import Process, eventually, started
from tests.architecture.sources import ROOT
from tests.http.site import LOOPBACK

APPLICATION = "tests.hosts.standalone:application"
UVICORN = ["uvicorn", APPLICATION, "--port", "0"]
GUNICORN = ["gunicorn", APPLICATION, "--bind", "127.0.0.1:0", "--threads", "4", "--workers", "2"]
SERVE = ["coatcheck", "serve", APPLICATION, "--port", "0"]


@contextmanager
def running(host: str, command: list[str], folder: Path) -> Iterator[tuple[Process, httpx2.Client]]:
    """`python -m …` in `folder`, and a client of what it serves."""
    environment = {"HOST": host, "PYTHONPATH": str(ROOT), "COATCHECK_STORE": f"sqlite:///{folder / 'jobs.db'}"}
    with started([sys.executable, "-m", *command], directory=folder, environment=environment) as process:
        found = eventually(lambda: re.search(r"http://127\.0\.0\.1:\d+", process.log) or process.status is not None)
        assert isinstance(found, re.Match), process.log
        with httpx2.Client(base_url=found[0], verify=LOOPBACK, timeout=60) as api:
            yield process, api


def followed(api: httpx2.Client, accepted: httpx2.Response) -> dict[str, Any]:
    assert accepted.status_code == 202, accepted.text
    job: dict[str, Any] = eventually(lambda: seen if (seen := api.get(accepted.headers["location"]).json())["completedAt"] else None)
    return job


@pytest.mark.parametrize(
    ("host", "command"),
    [
        ("django", SERVE),
        ("django-without-lifespan", UVICORN),
        ("flask", GUNICORN),
        ("flask", [*GUNICORN, "--preload"]),
    ],
)
def test_a_job_runs_and_the_server_ends_when_it_is_told(tmp_path: Path, host: str, command: list[str]) -> None:
    """Servers that fork after the import, and before it; with workers of their own, and with ours."""
    with running(host, command, tmp_path) as (process, api):
        accepted = [api.post("/echo", json={"text": str(number)}) for number in range(8)]
        assert [followed(api, answer)["result"] for answer in accepted] == [{"text": str(number)} for number in range(8)]
        process.signal(signal.SIGTERM)
        assert process.ended() in (0, -signal.SIGTERM), process.log
        assert "Traceback" not in process.log, process.log


@pytest.mark.parametrize("host", ["django", "flask-asgi"])
def test_a_server_that_stops_lets_go_of_whom_it_holds(tmp_path: Path, host: str) -> None:
    """A long poll is answered at once, with the job as it stands, and not cut."""
    with running(host, UVICORN, tmp_path) as (process, api), ThreadPoolExecutor(1) as pool:
        accepted = api.post("/wait", json={"gate": "never"})
        url = accepted.headers["location"]
        eventually(lambda: api.get(url).json()["message"])
        with httpx2.Client(base_url=api.base_url, verify=LOOPBACK, timeout=60) as another:
            poll = pool.submit(another.get, url, headers={"Prefer": "wait=25"})
            eventually(lambda: "held" in process.log)
            process.signal(signal.SIGTERM)
            answer = poll.result()
        assert (answer.status_code, answer.json()["status"]) == (200, "running")
        process.ended()
        assert "Traceback" not in process.log, process.log
