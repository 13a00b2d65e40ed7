"""Flow E with its rows in the request: an NDJSON body that is checked as it arrives, imported while it is polled, resumed by Range."""

from collections.abc import Iterator
from typing import Any

import httpx2
import msgspec
import pytest

from coatcheck import Coatcheck, Job
from coatcheck.bodies import Lines
from coatcheck.testing.harness import eventually
from tests.flows.conftest import Serve

ROWS = 5_000
NDJSON = {"Content-Type": "application/x-ndjson"}


class Account(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    balance: int


def accounts(store: str) -> Coatcheck:
    """The application: it opens accounts, and gives back a line for each."""
    jobs = Coatcheck(store=store, poll_interval=0.1)

    @jobs.operation("/accounts/bulk-import", estimate="10 seconds")
    def import_accounts(rows: Lines[Account], job: Job) -> Iterator[dict[str, Any]]:
        for number, account in enumerate(job.track(rows, unit="row"), 1):
            yield {"line": number, "account": account.name}

    return jobs


@pytest.fixture(scope="module")
def http(serve: Serve) -> Iterator[httpx2.Client]:
    with serve(accounts) as http:
        yield http


def body(rows: int) -> bytes:
    return b"".join(b'{"name":"Ada %d","balance":%d}\n' % (number, number % 7) for number in range(rows))


def test_rows_are_imported_and_their_results_downloaded(http: httpx2.Client) -> None:
    """202 with an estimate, polls that know the total from the first, `completed` with a link to the results, fetched in two parts."""
    answer = http.post("/accounts/bulk-import", content=body(ROWS), headers=NDJSON)
    job = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (202, job["statusUrl"])
    assert job["suggestedNextPollTime"]
    assert job["estimatedCompletionTime"]
    done = eventually(lambda: found if (found := http.get(job["statusUrl"]).json())["status"] == "completed" else None)
    assert (done["percentComplete"], done["progressDetail"]) == (100, {"current": ROWS, "total": ROWS, "unit": "row"})
    whole = http.get(done["resultUrl"])
    assert whole.headers["content-type"] == "application/x-ndjson"
    lines = whole.text.splitlines()
    assert (len(lines), msgspec.json.decode(lines[-1])) == (ROWS, {"line": ROWS, "account": f"Ada {ROWS - 1}"})
    rest = http.get(done["resultUrl"], headers={"Range": "bytes=1000-", "If-Range": whole.headers["etag"]})
    assert (rest.status_code, rest.content) == (206, whole.content[1000:])


def test_a_row_that_does_not_fit_is_told_and_nothing_is_imported(http: httpx2.Client) -> None:
    before = http.get("/jobs").json()["items"]
    spoilt = body(200) + b'{"name":"Ada","balance":"much"}\n'
    answer = http.post("/accounts/bulk-import", content=spoilt, headers=NDJSON)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "/200/balance", "detail": "Expected `int`, got `str`"}]
    assert http.get("/jobs").json()["items"] == before
