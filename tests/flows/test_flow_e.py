"""Flow E, bulk import, its polling rows: 202, polls that tell how far it is and when to come back, a link to the results.

Over real HTTP, against the demonstration's application served by `coatcheck serve`.
"""

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from websockets.sync.client import connect

from coatcheck.testing.harness import eventually
from tests.cli.running import running
from tests.postgresql import database
from tests.sse import listening

IMPORT = "/airports/bulk-import"
FILE = "airports.ndjson.gz"


@pytest.fixture(scope="module")
def store(kind: str, request: pytest.FixtureRequest) -> Iterator[str]:
    if kind == "sqlite":
        yield "sqlite:///jobs.db"
    else:
        with database(request.getfixturevalue("postgresql_server"), f"flow_e_{uuid4().hex}") as url:
            yield url


@pytest.fixture(scope="module")
def http(store: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    arguments = ("serve", "coatcheck.demo.application:jobs", "--port", "0", "--store", store, "--grace", "2")
    with (
        running(*arguments, folder=tmp_path_factory.mktemp("flow-e")) as server,
        httpx2.Client(base_url=server.url, timeout=30) as http,
    ):
        yield http


def submit(http: httpx2.Client, rows_per_second: float) -> httpx2.Response:
    answer = http.post(IMPORT, json={"source": FILE, "rows_per_second": rows_per_second})
    assert answer.status_code == 202
    return answer


def polls(http: httpx2.Client, status_url: str) -> list[httpx2.Response]:
    """Every poll's answer that told something new, to the end."""
    seen: list[httpx2.Response] = []

    def ended() -> bool:
        answer = http.get(status_url, headers={"If-None-Match": seen[-1].headers["etag"]} if seen else {})
        if answer.status_code != 304:
            seen.append(answer)
        return seen[-1].json()["status"] in ("completed", "failed", "cancelled")

    eventually(ended, patience=60)
    return seen


def stored(http: httpx2.Client) -> list[str]:
    return [job["jobId"] for job in http.get("/jobs").json()["items"]]


def moment(job: dict[str, Any], name: str) -> datetime:
    return datetime.fromisoformat(job[name])


def test_a_bulk_import_is_accepted_with_where_and_when_to_look(http: httpx2.Client) -> None:
    """202, Location, Retry-After in whole seconds; the body says the same in its own words, and estimates the end."""
    answer = submit(http, 20_000)
    job = answer.json()
    assert answer.headers["location"] == job["statusUrl"] == f"/jobs/{job['jobId']}"
    assert answer.headers["link"] == f'<{job["statusUrl"]}>; rel="status"'
    assert int(answer.headers["retry-after"]) > 0
    assert job["operation"] == "import_airports"
    assert moment(job, "suggestedNextPollTime") > moment(job, "createdAt")
    assert moment(job, "estimatedCompletionTime") > moment(job, "createdAt")
    polls(http, job["statusUrl"])


def test_polls_tell_a_percentage_that_rises_to_100(http: httpx2.Client) -> None:
    """Each poll of an unfinished job is 200 and says when to come back, and when it may be done."""
    seen = polls(http, submit(http, 1_500).headers["location"])
    assert {answer.status_code for answer in seen} == {200}
    *unfinished, completed = seen
    percentages = [answer.json()["percentComplete"] or 0 for answer in seen]
    assert percentages == sorted(percentages)
    assert any(0 < percentage < 100 for percentage in percentages)
    for answer in unfinished:
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json()["suggestedNextPollTime"]
        assert answer.json()["estimatedCompletionTime"]
    assert "retry-after" not in completed.headers
    assert completed.json()["suggestedNextPollTime"] is None
    assert (percentages[-1], completed.json()["status"]) == (100, "completed")


def test_events_tell_the_same_without_polling(http: httpx2.Client) -> None:
    """Either way: over a stream that is resumed by number after a cut, and over a WebSocket."""
    job = submit(http, 3_000).json()
    url = job["_links"]["events"]["href"]
    with listening(http, url) as events:
        seen = [next(events), next(events)]
    with listening(http, url, **{"Last-Event-ID": seen[-1].id}) as events:
        seen += events
    assert [int(event.id) for event in seen] == list(range(int(seen[0].id), int(seen[0].id) + len(seen)))
    percentages = [event.json["percentComplete"] or 0 for event in seen if event.name == "message"]
    assert percentages == sorted(percentages)
    assert (percentages[-1], seen[-1].json["status"]) == (100, "completed")
    with connect(str(http.base_url).rstrip("/").replace("http", "ws", 1) + f"{url}?after=0") as line:
        told = [json.loads(text) for text in line]
    assert [said["id"] for said in told] == list(range(1, int(seen[-1].id) + 1))
    assert told[-1]["data"] == seen[-1].json


def test_a_completed_import_links_to_its_error_report(http: httpx2.Client) -> None:
    """The rows that were refused, to be downloaded as a file; how many they were stands in the job itself."""
    job = polls(http, submit(http, 20_000).headers["location"])[-1].json()
    assert job["message"] == "3322 rows taken, 54 refused"
    assert job["progressDetail"] == {"current": 3376, "total": 3376, "unit": "row"}
    assert job["resultUrl"] == job["_links"]["result"]["href"]
    report = http.get(job["resultUrl"])
    assert report.headers["content-type"] == "text/csv; charset=utf-8"
    assert report.headers["content-disposition"] == 'attachment; filename="refused-rows.csv"'
    refused = list(csv.DictReader(io.StringIO(report.text)))
    assert len(refused) == 54
    assert refused[0]["line"] == "99"
    assert "11IS" in refused[0]["row"]


def test_a_running_import_is_cancelled_by_delete(http: httpx2.Client) -> None:
    """202 while it stops, then `cancelled`; what would have been its result is a conflict, and to delete again changes nothing."""
    status_url = submit(http, 100).headers["location"]
    eventually(lambda: http.get(status_url).json()["percentComplete"])
    asked = http.delete(status_url)
    assert (asked.status_code, asked.json()["status"]) == (202, "cancelling")
    job = polls(http, status_url)[-1].json()
    assert job["status"] == "cancelled"
    assert job["completedAt"]
    assert "result" not in job["_links"]
    assert http.get(f"{status_url}/result").status_code == 409
    assert http.delete(status_url).status_code == 204


def test_an_import_that_makes_no_sense_is_refused_and_not_stored(http: httpx2.Client) -> None:
    """Another file name could be any file of the server's: it is none of those there are."""
    before = stored(http)
    for body, pointer in (
        ({"source": "../data/airports.ndjson.gz"}, "/source"),
        ({"source": FILE, "rows_per_second": 0}, "/rows_per_second"),
    ):
        answer = http.post(IMPORT, json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer
    assert stored(http) == before
