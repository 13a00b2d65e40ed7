"""Flow A, a report API with a job resource, its last row: `webhookUrl` in the body, and then the report is fetched."""

from collections.abc import Iterator
from queue import Queue
from typing import Any

import httpx2
import pytest

from coatcheck import Coatcheck, Fail, HttpStyle
from coatcheck.client.webhooks import Message, verify
from tests.flows.conftest import Serve
from tests.flows.receiver import receiving

STYLE = HttpStyle(pending_status=202, members={"percentComplete": "progressPct"}, segments={"events": "progress"})
PUBLIC = "https://reports.example"


def application(store: str) -> Coatcheck:
    here: dict[str, Any] = {"public_url": PUBLIC, "secret": "s" * 32, "webhook_allow": ["127.0.0.0/8"], "webhook_http": True}
    jobs = Coatcheck(store=store, mount="/api", style=STYLE, poll_interval=0.1, **here)

    @jobs.operation("/reports", webhooks=True)
    def report(year: int) -> dict[str, int]:
        """Make a yearly report."""
        if year < 2000:
            raise Fail(status=422, title="No such year", detail=f"There is no report of {year}.")
        return {"year": year, "pages": 10}

    return jobs


@pytest.fixture(scope="module", params=["fastapi"])
def host(request: pytest.FixtureRequest) -> str:
    """That all hosts have the same routes is shown elsewhere."""
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def api(serve: Serve) -> Iterator[httpx2.Client]:
    with serve(application) as api:
        yield api


def test_who_is_told_fetches_the_report(api: httpx2.Client) -> None:
    """The function sees nothing of the member; the message has the shape that the API shows jobs in."""
    secret = api.post("/api/webhooks/secret").json()["secret"]
    came: Queue[Message] = Queue()

    def take(body: bytes, headers: dict[str, str]) -> int:
        came.put(verify(body, headers, secret, style=STYLE))
        return 204

    with receiving(take) as url:
        accepted = api.post("/api/reports", json={"year": 2026, "webhookUrl": url})
        assert accepted.status_code == 202
        told = came.get(timeout=30)
        assert (told.type, told.data["progressPct"], told.job.percent_complete) == ("job.completed", 100, 100)
        assert told.data["statusUrl"] == PUBLIC + httpx2.URL(accepted.headers["location"]).path
        assert told.data["_links"]["progress"]["href"] == f"{told.data['statusUrl']}/progress"
        report = api.get(httpx2.URL(str(told.job.result_url)).path)
        assert (report.status_code, report.json()) == (200, {"year": 2026, "pages": 10})
        api.post("/api/reports", json={"year": 1066, "webhookUrl": url})
        failed = came.get(timeout=30)
        assert (failed.type, failed.data["error"]["detail"]) == ("job.failed", "There is no report of 1066.")
    assert came.empty()
