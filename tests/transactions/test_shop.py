"""Orders, the jobs submitted with them, and what those write: the same truth, whatever is killed between."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import psycopg
import pytest

from coatcheck.testing.harness import Process, eventually, free_port, started

ROOT = Path(__file__).parents[2]


class Shop:
    """Its server, and a look into its tables."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        with psycopg.connect(database_url) as db:
            db.execute("CREATE TABLE orders (id text)")
            db.execute("CREATE TABLE invoices (id text)")

    @contextmanager
    def open(self, *, answers: bool = True, **environment: str) -> Iterator[tuple[Process, httpx2.Client]]:
        """Serve it by a process, which runs its jobs as well. It need not live until it answers where `answers` is False."""
        port = free_port()
        command = [sys.executable, "-m", "uvicorn", "tests.transactions.shop:app", "--port", str(port)]
        store = {"COATCHECK_STORE": self._url, "PYTHONPATH": str(ROOT)}
        with (
            started(command, directory=ROOT, environment=store | environment) as process,
            httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http,
        ):
            if answers:
                eventually(lambda: _answers(http))
            yield process, http

    def orders(self) -> list[str]:
        return self._all("SELECT id FROM orders ORDER BY id")

    def invoices(self) -> list[str]:
        return self._all("SELECT id FROM invoices ORDER BY id")

    def jobs(self) -> list[str]:
        """The status of each."""
        return self._all("SELECT status FROM coatcheck.jobs")

    def finished(self) -> bool:
        """Whether all jobs there are have ended."""
        return set(self.jobs()) <= {"completed", "failed", "cancelled"}

    def _all(self, sql: str) -> list[str]:
        with psycopg.connect(self._url) as db:
            return [value for (value,) in db.execute(sql.encode()).fetchall()]


def _answers(http: httpx2.Client) -> bool:
    with suppress(httpx2.TransportError):
        return http.get("/invoices-of-nobody").status_code == 404
    return False


@pytest.fixture
def shop(database_url: str) -> Shop:
    return Shop(database_url)


def test_a_job_is_there_if_its_order_is_and_is_done_once(shop: Shop) -> None:
    """Rolled back, committed, and with the server killed on either side of the commit."""
    with shop.open() as (process, http):
        http.post("/orders/11", params={"end": "rolled back"}).raise_for_status()
        http.post("/orders/12", params={"end": "committed"}).raise_for_status()
        place_and_die(process, http, 13, "killed before")
    with shop.open() as (process, http):
        place_and_die(process, http, 14, "killed after")
    with shop.open() as (_, http):
        http.post("/orders/15", params={"end": "committed"}).raise_for_status()
        eventually(shop.finished)
    assert shop.orders() == shop.invoices() == ["12", "14", "15"]
    assert shop.jobs() == ["completed"] * 3


def place_and_die(process: Process, http: httpx2.Client, order: int, end: str) -> None:
    """Place an order with a server that does not live to answer."""
    with pytest.raises(httpx2.TransportError):
        http.post(f"/orders/{order}", params={"end": end})
    process.ended()


def test_an_invoice_is_written_once_though_its_writer_is_killed(shop: Shop) -> None:
    """Before the commit of its job's completion, again in the next attempt after it, and then no more."""
    with shop.open(COATCHECK_FAILPOINTS="settle.before_commit=kill") as (process, http):
        with suppress(httpx2.TransportError):
            http.post("/orders/17", params={"end": "committed"})
        process.ended()
    assert (shop.invoices(), shop.jobs()) == ([], ["running"])
    with shop.open(COATCHECK_FAILPOINTS="settle.after_commit=kill", answers=False) as (process, _):
        process.ended()
    assert (shop.invoices(), shop.jobs()) == (["17"], ["completed"])
    with shop.open() as (_, http):
        http.post("/orders/18", params={"end": "committed"}).raise_for_status()
        eventually(shop.finished)
    assert (shop.invoices(), shop.jobs()) == (["17", "18"], ["completed"] * 2)
