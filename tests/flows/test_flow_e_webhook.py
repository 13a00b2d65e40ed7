"""Flow E, bulk import: a webhook instead of polling, from the start over the percentages to the end."""

from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import httpx2
import pytest

from coatcheck.client.webhooks import Message, verify
from tests.cli.running import running
from tests.flows.receiver import receiving

SENDING = {
    "COATCHECK_SECRET": "s" * 32,
    "COATCHECK_PUBLIC_URL": "https://imports.example",
    "COATCHECK_WEBHOOK_ALLOW": "127.0.0.0/8",
    "COATCHECK_WEBHOOK_HTTP": "true",
    "COATCHECK_POLL_INTERVAL": "0.1",
}


@pytest.fixture
def http(empty_store: str, tmp_path: Path) -> Iterator[httpx2.Client]:
    """The demonstration's application: one process answers, another runs jobs and sends."""
    arguments = ("serve", "coatcheck.demo.application:jobs", "--port", "0", "--store", empty_store, "--grace", "2")
    with (
        running(*arguments, folder=tmp_path, env=SENDING) as server,
        httpx2.Client(base_url=server.url, timeout=30) as http,
    ):
        yield http


def test_an_import_is_followed_by_webhook_alone(http: httpx2.Client) -> None:
    came: Queue[Message] = Queue()
    secrets: list[str] = []

    def take(body: bytes, headers: dict[str, str]) -> int:
        came.put(verify(body, headers, secrets))
        return 204

    with receiving(take) as url:
        wanted = ["job.started", "job.progress", "job.completed"]
        secrets.append(http.post("/webhooks", json={"url": url, "events": wanted}).json()["secret"])
        job = http.post("/airports/bulk-import", json={"source": "airports.ndjson.gz", "rows_per_second": 2_000}).json()["jobId"]
        told = [came.get(timeout=60)]
        while told[-1].type != "job.completed":
            told.append(came.get(timeout=60))
    assert {message.job.job_id for message in told} == {job}
    assert {message.type for message in told} == set(wanted)
    percentages = [message.job.percent_complete or 0 for message in sorted(told, key=lambda message: message.timestamp)]
    assert percentages == sorted(percentages)
    assert percentages[-1] == 100
    assert len({message.id for message in told}) == len(told)
    assert told[-1].data["_links"]["result"]["href"] == f"https://imports.example/jobs/{job}/result"
    assert http.get(f"/jobs/{job}/result").headers["content-type"] == "text/csv; charset=utf-8"
