"""Flow D, a token at the counter, without push: a bounded queue that pushes back, and a redirect to what came of a job."""

import json
import threading
from collections.abc import Iterator

import httpx2
import pytest
from websockets.sync.client import connect

from coatcheck import Coatcheck, Fail, HttpStyle, Job
from coatcheck.testing.harness import eventually
from tests.flows.conftest import Serve

BOUND = 3


class Counter:
    """One cook, who waits for a sign."""

    def __init__(self) -> None:
        self.sign = threading.Event()
        self.stopped = threading.Event()

    def application(self, store: str) -> Coatcheck:
        jobs = Coatcheck(store=store, concurrency=1, style=HttpStyle(completed="redirect"), poll_rate="none")

        @jobs.operation("/orders", queue_bound=BOUND)
        def order(dish: str, job: Job) -> str:
            """Cook a dish."""
            try:
                while not self.sign.wait(0.02):
                    job.progress()
            finally:
                self.stopped.set()
            if dish == "unicorn":
                raise Fail(status=422, title="Not on the menu", detail="There are no unicorns.")
            return f"{dish}, hot"

        @jobs.operation("/slow-orders", timeout=0.05)
        def slow_order(job: Job) -> None:
            """Never done in time."""
            while True:
                self.stopped.wait(0.01)
                job.progress()

        return jobs


@pytest.fixture(scope="module")
def counter() -> Counter:
    return Counter()


@pytest.fixture(scope="module")
def api(serve: Serve, counter: Counter) -> Iterator[httpx2.Client]:
    with serve(counter.application) as api:
        yield api
        counter.sign.set()


def order(api: httpx2.Client, dish: str = "soup", path: str = "/orders", **headers: str) -> httpx2.Response:
    return api.post(path, json={"dish": dish} if path == "/orders" else {}, headers=headers)


def called(api: httpx2.Client, url: str) -> httpx2.Response:
    """Poll until the counter calls: until a look leads elsewhere."""
    return eventually(lambda: answer if (answer := api.get(url)).is_redirect else None)


def test_a_finished_order_is_one_hop_away(api: httpx2.Client, counter: Counter) -> None:
    counter.sign.clear()
    token = order(api)
    assert token.status_code == 202
    waiting = api.get(token.headers["location"])
    assert (waiting.status_code, int(waiting.headers["retry-after"]) > 0) == (200, True)
    counter.sign.set()
    answer = called(api, token.headers["location"])
    assert answer.status_code == 303
    dish = api.get(answer.headers["location"])
    assert (dish.status_code, dish.json()) == (200, "soup, hot")


@pytest.mark.parametrize("host", ["starlette", "fastapi"], scope="module", indirect=True)
def test_the_counter_calls_over_a_websocket(api: httpx2.Client, counter: Counter) -> None:
    """Push instead of polling, where the host speaks it; and the same line takes an order back."""
    counter.sign.clear()
    hot, cold = (order(api).json()["_links"]["events"]["href"] for _ in range(2))
    origin = str(api.base_url).rstrip("/").replace("http", "ws", 1)
    with connect(origin + hot) as line, connect(origin + cold) as other:
        assert json.loads(line.recv())["data"]["status"] in ("queued", "running")
        other.send('{"cancel": true}')
        assert [json.loads(text)["data"]["status"] for text in other][-1] == "cancelled"
        counter.sign.set()
        *_, last = [json.loads(text)["data"] for text in line]
    assert (last["status"], last["result"]) == ("completed", "soup, hot")
    assert (line.protocol.close_code, other.protocol.close_code) == (1000, 1000)


def test_a_failed_order_is_a_problem_one_hop_away(api: httpx2.Client, counter: Counter) -> None:
    counter.sign.set()
    answer = called(api, order(api, "unicorn").headers["location"])
    problem = api.get(answer.headers["location"])
    assert (problem.status_code, problem.headers["content-type"]) == (422, "application/problem+json")
    assert problem.json()["detail"] == "There are no unicorns."


def test_a_full_queue_pushes_back(api: httpx2.Client, counter: Counter) -> None:
    """503 with when to come back, and nothing is stored; the depth of the queue can be read meanwhile."""
    counter.sign.clear()
    tokens = [order(api)]
    eventually(lambda: api.get(tokens[0].headers["location"]).json()["status"] == "running")
    tokens += [order(api) for _ in range(BOUND)]
    assert {token.status_code for token in tokens} == {202}
    refused = order(api)
    assert (refused.status_code, int(refused.headers["retry-after"]) > 0) == (503, True)
    assert refused.json()["type"].endswith("/problems/queue-full")
    depth = next(item["depth"] for item in api.get("/operations").json()["items"] if item["path"] == "/orders")
    assert depth == {"queued": BOUND, "running": 1}
    counter.sign.set()
    for token in tokens:
        called(api, token.headers["location"])


def test_an_order_that_is_repeated_is_cooked_once(api: httpx2.Client, counter: Counter) -> None:
    counter.sign.set()
    first, second = (order(api, **{"Idempotency-Key": "table-7"}) for _ in range(2))
    assert first.headers["location"] == second.headers["location"]
    assert second.headers["idempotency-replayed"] == "true"
    called(api, first.headers["location"])


def test_a_cancel_reaches_the_cook(api: httpx2.Client, counter: Counter) -> None:
    counter.sign.clear()
    url = order(api).headers["location"]
    eventually(lambda: api.get(url).json()["status"] == "running")
    counter.stopped.clear()
    assert api.delete(url, headers={"Prefer": "wait=20"}).status_code == 204
    assert counter.stopped.is_set()
    assert api.get(url).json()["status"] == "cancelled", "nothing came of it, so a look leads nowhere"
    assert api.get(f"{url}/result").status_code == 409


def test_a_deadline_reaches_the_cook(api: httpx2.Client, counter: Counter) -> None:
    counter.sign.set()
    answer = called(api, order(api, path="/slow-orders").headers["location"])
    problem = api.get(answer.headers["location"])
    assert (problem.status_code, problem.json()["type"].rpartition("/")[2]) == (504, "job-timed-out")
