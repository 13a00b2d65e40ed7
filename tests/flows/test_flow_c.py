"""Flow C, result inline: an id to poll by, `processing`, and the result or a message in the answer itself."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from coatcheck import Coatcheck, HttpStyle
from coatcheck.testing.harness import eventually
from tests.flows.conftest import Serve

STYLE = HttpStyle(
    only=["jobId", "status", "result", "error"],
    members={"jobId": "id"},
    omit_null=True,
    statuses={"queued": "processing", "running": "processing", "cancelling": "processing"},
    error="message",
    inline_limit=10 * 1024 * 1024,
    retry_after=(5, 5),
    json_types=("", "application/json", "application/*+json", "text/plain"),
)


class Kitchen:
    def __init__(self) -> None:
        self.open = threading.Event()

    def application(self, store: str) -> Coatcheck:
        jobs = Coatcheck(store=store, jobs_path="/reports", style=STYLE, poll_rate="none")

        @jobs.operation("/reports")
        def report(kind: str, size: int = 1) -> dict[str, Any]:
            """Make a report."""
            self.open.wait()
            if kind == "burnt":
                raise ValueError("the oven was too hot")
            return {"kind": kind, "text": "x" * size}

        return jobs


@pytest.fixture(scope="module")
def kitchen() -> Kitchen:
    return Kitchen()


@pytest.fixture(scope="module")
def api(serve: Serve, kitchen: Kitchen) -> Iterator[httpx2.Client]:
    with serve(kitchen.application) as api:
        yield api
        kitchen.open.set()


def published_loop(api: httpx2.Client, request: Any, pause: Callable[[float], None], *, media_type: str | None) -> Any:
    """What a client of this flow does: post without saying what, poll by id, wait as told, take the result or raise the message."""
    headers = {} if media_type is None else {"Content-Type": media_type}
    started = api.send(api.build_request("POST", "/reports", content=json.dumps(request), headers=headers))
    assert started.status_code == 202
    job = started.json()
    while job["status"] == "processing":
        poll = api.get(f"/reports/{job['id']}")
        job = poll.json()
        if job["status"] == "processing":
            pause(float(poll.headers["retry-after"]))
    if job["status"] == "failed":
        raise RuntimeError(job["error"])
    return job["result"]


def test_a_job_is_an_id_that_is_being_processed(api: httpx2.Client, kitchen: Kitchen) -> None:
    """Each poll is 200 and says to come back in 5 seconds."""
    kitchen.open.clear()
    answer = api.post("/reports", json={"kind": "yearly"})
    job = answer.json()
    assert (answer.status_code, job) == (202, {"id": job["id"], "status": "processing"})
    assert answer.headers["location"] == f"/reports/{job['id']}"
    poll = api.get(f"/reports/{job['id']}")
    assert (poll.status_code, poll.json(), poll.headers["retry-after"]) == (200, job, "5")
    kitchen.open.set()
    eventually(lambda: api.get(f"/reports/{job['id']}").json()["status"] == "completed")


@pytest.mark.parametrize("media_type", [None, "text/plain;charset=UTF-8", "application/json"])
def test_the_clients_loop_ends_with_the_result(api: httpx2.Client, kitchen: Kitchen, media_type: str | None) -> None:
    """A browser's `fetch` with a string says text/plain, others say nothing. The kitchen opens once the client has to wait."""
    kitchen.open.clear()
    pauses = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        kitchen.open.set()

    result = published_loop(api, {"kind": "yearly", "size": 100_000}, pause, media_type=media_type)
    assert result == {"kind": "yearly", "text": "x" * 100_000}
    assert set(pauses) == {5.0}


def test_the_clients_loop_ends_with_the_message_of_a_failure(api: httpx2.Client, kitchen: Kitchen) -> None:
    kitchen.open.set()
    with pytest.raises(RuntimeError, match=r"^the oven was too hot$"):
        published_loop(api, {"kind": "burnt"}, lambda _: None, media_type=None)


def test_records_are_kept_for_a_day(api: httpx2.Client) -> None:
    [operation] = api.get("/operations").json()["items"]
    assert operation["policy"]["ttl"] == 24 * 3600
