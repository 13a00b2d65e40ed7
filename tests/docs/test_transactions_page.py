"""The code on the page about transactions does what the page says."""

import re
from pathlib import Path
from typing import Any

import httpx2
import psycopg

from coatcheck.testing.harness import eventually, serving

PAGE = Path(__file__).parents[2] / "docs" / "transactions.md"


def test_orders_jobs_and_bookings_are_one_truth(database_url: str) -> None:
    snippets = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    address = database_url.removeprefix("postgresql")
    code = "\n".join(snippets).replace("://localhost/shop", address)
    names: dict[str, Any] = {}
    exec(compile(code, PAGE, "exec"), names)  # noqa: S102  the page is ours
    names["app"].include_router(names["jobs"].router)
    with psycopg.connect(database_url, autocommit=True) as db:
        db.execute("CREATE TABLE orders (id text PRIMARY KEY)")
        db.execute("CREATE TABLE bookings (id text, amount integer)")
        with serving(names["app"]) as url, httpx2.Client(base_url=url, timeout=30) as http:
            hanging_up = {"Connection": "close"}  # as uvicorn does a moment after an exception
            placed = [http.post("/orders/17", headers=hanging_up).status_code for _ in range(2)]
            assert placed == [202, 500]  # the second order breaks the table's key, and takes its job along
            location = http.post("/bookings", json={"order": "17"}).headers["location"]
            assert eventually(lambda: http.get(location).json()["status"] == "completed")
            assert http.get(f"{location}/result").json() == 42
        assert db.execute("SELECT count(*) FROM coatcheck.jobs WHERE operation = 'invoice'").fetchone() == (1,)
        assert db.execute("SELECT * FROM bookings").fetchall() == [("17", 42)]
