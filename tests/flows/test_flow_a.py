"""Flow A, a report API with a job resource, its polling rows: 202 while it goes on, 200 once there is something to fetch."""

import threading
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from coatcheck import Coatcheck, Fail, HttpStyle, Job
from coatcheck.testing.harness import eventually
from tests.flows.conftest import Serve
from tests.sse import listening

STYLE = HttpStyle(
    pending_status=202,
    members={"percentComplete": ("progressPct", "progress")},
    segments={"events": "progress"},
    events="stream",
)
UNKNOWN = "/api/jobs/01890a5d-ac96-774b-bcce-b302099a8057"


class Press:
    """Reports are printed up to page 5 of 10, and then as soon as somebody lets them go on."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def application(self, store: str) -> Coatcheck:
        jobs = Coatcheck(store=store, mount="/api", style=STYLE, poll_rate="none")

        @jobs.operation("/reports", estimate="2-3 minutes")
        def report(year: int, job: Job) -> dict[str, Any]:
            """Make a yearly report."""
            if year < 2000:
                raise Fail(status=422, title="No such year", detail=f"There is no report of {year}.")
            for page in range(10):
                job.progress(10 * page)
                while page == 5 and not self.go_on.wait(0.02):
                    job.progress()
            return {"year": year, "pages": 10}

        return jobs


@pytest.fixture(scope="module")
def press() -> Press:
    return Press()


@pytest.fixture(scope="module")
def api(serve: Serve, press: Press) -> Iterator[httpx2.Client]:
    with serve(press.application) as api:
        yield api
        press.go_on.set()


@pytest.fixture(autouse=True)
def _stopped(press: Press) -> None:
    press.go_on.clear()


def ended(api: httpx2.Client, url: str) -> httpx2.Response:
    """Poll for as long as the answer is 202."""
    return eventually(lambda: None if (answer := api.get(url)).status_code == 202 else answer)


def test_a_report_is_accepted_with_where_to_look_and_when_it_may_be_done(api: httpx2.Client, press: Press) -> None:
    press.go_on.set()
    answer = api.post("/api/reports", json={"year": 2026})
    job = answer.json()
    assert (answer.status_code, job["status"], job["progressPct"]) == (202, "queued", None)
    assert answer.headers["location"] == job["statusUrl"] == f"/api/jobs/{job['jobId']}"
    assert job["estimatedCompletionTime"] > job["createdAt"]
    assert ended(api, job["statusUrl"]).status_code == 200


def test_polls_are_202_while_it_runs_and_200_with_where_the_report_is(api: httpx2.Client, press: Press) -> None:
    url = api.post("/api/reports", json={"year": 2026}).headers["location"]
    running = eventually(lambda: answer if (answer := api.get(url)).json()["progressPct"] == 50 else None)
    assert (running.status_code, running.json()["status"], running.json()["resultUrl"]) == (202, "running", None)
    assert int(running.headers["retry-after"]) >= 5
    press.go_on.set()
    answer = ended(api, url)
    job = answer.json()
    assert (answer.status_code, job["status"], job["progressPct"]) == (200, "completed", 100)
    assert "retry-after" not in answer.headers
    report = api.get(job["resultUrl"])
    assert (report.status_code, report.json()) == (200, {"year": 2026, "pages": 10})


def test_a_failed_report_says_why(api: httpx2.Client) -> None:
    """The poll is 200, for the look-up worked; the result is the problem."""
    url = api.post("/api/reports", json={"year": 1066}).headers["location"]
    answer = ended(api, url)
    assert (answer.status_code, answer.json()["status"]) == (200, "failed")
    assert answer.json()["error"]["detail"] == "There is no report of 1066."
    assert api.get(f"{url}/result").status_code == 422


def test_a_report_is_cancelled_once_and_never_after_its_end(api: httpx2.Client, press: Press) -> None:
    """204 when it has stopped, which who prefers to wait is told; 409 for one that has completed; 404 for one that never was."""
    url = api.post("/api/reports", json={"year": 2026}).headers["location"]
    eventually(lambda: api.get(url).json()["progressPct"] == 50)
    assert api.delete(url, headers={"Prefer": "wait=20"}).status_code == 204
    assert api.get(url).json()["status"] == "cancelled"
    press.go_on.set()
    done = api.post("/api/reports", json={"year": 2026}).headers["location"]
    ended(api, done)
    assert api.delete(done).status_code == 409
    assert api.delete(UNKNOWN).status_code == 404


@pytest.mark.parametrize("accept", ["text/event-stream", "*/*"])
def test_progress_is_always_a_stream_and_the_page_closes_it_at_the_end(api: httpx2.Client, press: Press, accept: str) -> None:
    """The published page: `onmessage` shows `progress`, and closes the EventSource when `status` is `completed`."""
    url = api.post("/api/reports", json={"year": 2026}).headers["location"]
    shown: list[int | None] = []
    with listening(api, f"{url}/progress", Accept=accept) as events:
        for event in events:
            data = event.json
            shown.append(data["progress"])
            if data["progress"] == 50:
                press.go_on.set()
            if data["status"] == "completed":
                break
    assert event.name == "message"
    assert 50 in shown
    assert shown[-1] == 100
    assert data["resultUrl"] == f"{url}/result"


def test_what_happened_is_found_under_progress(api: httpx2.Client, press: Press) -> None:
    press.go_on.set()
    url = api.post("/api/reports", json={"year": 2026}).headers["location"]
    job = ended(api, url).json()
    assert job["_links"]["progress"]["href"] == f"{url}/progress"
    history = [row["type"] for row in api.get(f"{url}/progress", headers={"Accept": "application/json"}).json()["items"]]
    assert (history[0], history[-1]) == ("accepted", "completed")
