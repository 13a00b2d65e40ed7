"""Flow B, the decision guide: the rows "webhook" and "inbox".

A service that is told instead of asking: the message is signed (HMAC), sent again until it is taken, given up as a dead letter
that is listed and can be sent again, confirmed in the job's own list; the receiver's inbox makes of two messages one handling.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from coatcheck import Coatcheck
from coatcheck.client.inbox import Inbox
from coatcheck.client.webhooks import Message, Unverified, verify
from coatcheck.testing.harness import eventually
from tests.flows.conftest import Serve
from tests.flows.receiver import receiving


class Warehouse:
    """The receiving service: stock is booked once for each order that was invoiced."""

    def __init__(self, folder: Path) -> None:
        self._file, self._inbox = str(folder / "warehouse.db"), Inbox()
        self.secret = ""
        self.answers: list[int] = []
        """What the next messages are answered with, taken or not; 204 afterwards."""
        self.came: list[Message] = []
        self.refused = 0
        self._lock = threading.Lock()
        with closing(sqlite3.connect(self._file)) as db, db:
            self._inbox.create(db)
            db.execute("CREATE TABLE stock (taken integer)")

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        try:
            message = verify(body, headers, self.secret)
        except Unverified:
            self.refused += 1
            return 400
        with self._lock:
            self.came.append(message)
            status = self.answers.pop(0) if self.answers else 204
        if status == 500:  # before anything is done
            return status
        with closing(sqlite3.connect(self._file, timeout=30)) as db, db:
            if self._inbox.take(db, message):
                db.execute("INSERT INTO stock VALUES (?)", (message.data["result"]["items"],))
        return status  # 502: it was done, and the answer got lost on its way

    def booked(self) -> list[int]:
        with closing(sqlite3.connect(self._file)) as db, db:
            return [taken for (taken,) in db.execute("SELECT taken FROM stock")]


@pytest.fixture(scope="module", params=["fastapi", "flask"])
def host(request: pytest.FixtureRequest) -> str:
    """One of either kind; that all hosts have the same routes is shown elsewhere."""
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def api(serve: Serve) -> Iterator[httpx2.Client]:
    with serve(application) as api:
        yield api


def application(store: str) -> Coatcheck:
    jobs = Coatcheck(
        store=store,
        public_url="https://shop.example",
        secret="s" * 32,
        webhook_allow=["127.0.0.0/8"],
        webhook_http=True,
        webhook_schedule=[0.0, 0.0, 0.0],
        poll_interval=0.1,
    )

    @jobs.operation("/invoices")
    def invoice(items: int) -> dict[str, int]:
        return {"items": items}

    return jobs


@pytest.fixture
def warehouse(api: httpx2.Client, tmp_path: Path) -> Iterator[Warehouse]:
    """Registered with the shop for the length of a test."""
    warehouse = Warehouse(tmp_path)
    with receiving(warehouse.take) as url:
        webhook = api.post("/webhooks", json={"url": url, "events": ["job.completed"]}).json()
        warehouse.secret = webhook["secret"]
        yield warehouse
        api.delete(f"/webhooks/{webhook['webhookId']}")


def delivery(api: httpx2.Client, job: str, status: str) -> dict[str, Any]:
    """The job's delivery, once it stands so."""

    def look() -> dict[str, Any] | None:
        found: list[dict[str, Any]] = api.get(f"/jobs/{job}/deliveries").json()["items"]
        return next((one for one in found if one["status"] == status), None)

    return eventually(look)


def invoiced(api: httpx2.Client, items: int) -> str:
    job: str = api.post("/invoices", json={"items": items}).json()["jobId"]
    return job


def test_a_signed_message_tells_of_the_end_and_the_delivery_is_confirmed(api: httpx2.Client, warehouse: Warehouse) -> None:
    job = invoiced(api, 7)
    confirmed = delivery(api, job, "delivered")
    (message,) = warehouse.came
    assert (message.id, message.type, message.job.job_id) == (confirmed["deliveryId"], "job.completed", job)
    assert message.job.status_url == f"https://shop.example/jobs/{job}"
    assert [attempt["status"] for attempt in confirmed["attempts"]] == [204]
    assert warehouse.booked() == [7]


def test_it_is_sent_again_until_it_is_taken_and_handled_once(api: httpx2.Client, warehouse: Warehouse) -> None:
    """The first is answered 500; of the second the answer gets lost, so the third finds it handled."""
    warehouse.answers = [500, 502, 204]
    confirmed = delivery(api, invoiced(api, 5), "delivered")
    assert [attempt["status"] for attempt in confirmed["attempts"]] == [500, 502, 204]
    assert {message.id for message in warehouse.came} == {confirmed["deliveryId"]}
    assert warehouse.booked() == [5]


def test_what_is_never_taken_is_a_dead_letter_that_can_be_sent_again(api: httpx2.Client, warehouse: Warehouse) -> None:
    warehouse.answers = [500, 500, 500]
    job = invoiced(api, 3)
    dead = delivery(api, job, "dead")
    assert len(dead["attempts"]) == 3
    assert dead["deliveryId"] in {letter["deliveryId"] for letter in api.get("/deliveries?status=dead").json()["items"]}
    assert warehouse.booked() == []
    assert api.post(f"/jobs/{job}/deliveries/{dead['deliveryId']}/redeliver").status_code == 202
    assert len(delivery(api, job, "delivered")["attempts"]) == 4
    assert warehouse.booked() == [3]


def test_a_message_that_is_not_the_shops_is_refused(api: httpx2.Client, warehouse: Warehouse) -> None:
    """Somebody else knows the URL, and not the secret; and after a new secret without overlap, neither does the warehouse."""
    (webhook,) = api.get("/webhooks").json()["items"]
    renewed = api.post(f"/webhooks/{webhook['webhookId']}/rotate", json={"overlap": 0}).json()["secret"]
    dead = delivery(api, invoiced(api, 1), "dead")
    assert [attempt["status"] for attempt in dead["attempts"]] == [400, 400, 400]
    assert (warehouse.refused, warehouse.booked()) == (3, [])
    warehouse.secret = renewed
    delivery(api, invoiced(api, 2), "delivered")
    assert warehouse.booked() == [2]


def test_the_audit_trail_says_what_was_done_and_what_was_told(api: httpx2.Client, warehouse: Warehouse) -> None:
    job = invoiced(api, 4)
    told = delivery(api, job, "delivered")
    events = api.get(f"/jobs/{job}/events").json()["items"]
    assert [event["type"] for event in events] == ["accepted", "started", "completed"]
    assert events[told["event"] - 1]["type"] == "completed"
    assert told["createdAt"] == events[-1]["at"]
    assert told["attempts"][0]["at"] >= events[-1]["at"]
