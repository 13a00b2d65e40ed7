"""F58: job ids that are none. One and the same answer, and never a look-up."""

import socket
from urllib.parse import quote, urlsplit

import pytest

from coatcheck.ids import new_job_id
from tests.http.site import UNKNOWN, Site, assert_problem

HOSTILE = [
    "x",
    "%00",
    "%2e%2e",
    "' OR 1=1 --",
    '"; DROP TABLE jobs; --',
    "%",
    "_",
    "*",
    "01890a5d-ac96-774b-bcce-b302099a805",
    "01890a5d-ac96-774b-bcce-b302099a8057\n",
    "01890A5D-AC96-774B-BCCE-B302099A8057",
    "01890a5d-ac96-474b-bcce-b302099a8057",  # a version 4
    "０1890a5d-ac96-774b-bcce-b302099a8057",  # a full-width zero
    "urn:uuid:01890a5d-ac96-774b-bcce-b302099a8057",
    "{01890a5d-ac96-774b-bcce-b302099a8057}",
    "{job_id}",
    "<script>alert(1)</script>".replace("/", ""),
    "a" * 8000,
]
ROUTES = [("GET", ""), ("DELETE", ""), ("GET", "/result"), ("GET", "/events"), ("POST", "/retry")]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_a_malformed_id_is_answered_as_an_unknown_one(site: Site, method: str, path: str) -> None:
    expected = await site.api.request(method, f"/jobs/{UNKNOWN}{path}")
    assert_problem(expected, 404, "job-not-found")
    for job_id in HOSTILE:
        answer = await site.api.request(method, f"/jobs/{quote(job_id, safe='')}{path}")
        assert (answer.status_code, answer.content, answer.headers["cache-control"]) == (404, expected.content, "no-store"), job_id


@pytest.mark.parametrize(
    "target",
    [
        "/jobs/..",
        "/jobs/../../etc/passwd",
        "/jobs/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/jobs/%2F",
        "/jobs/a/b/c",
        "/jobs/",
        "//jobs",
        "/jobs/\\..\\x",
    ],
)
async def test_paths_that_lead_elsewhere_lead_nowhere(site: Site, target: str) -> None:
    """Sent as they stand; clients tidy them up."""
    host = urlsplit(str(site.api.base_url))
    with socket.create_connection((str(host.hostname), host.port or 80)) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 404 ")


async def test_an_id_that_was_never_given_out_is_unknown(site: Site) -> None:
    assert_problem(await site.api.get(f"/jobs/{new_job_id()}"), 404, "job-not-found")
