"""The contract, in every host: the same requests, the same answers, and URLs that lead back wherever the host put our routes."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from coatcheck.testing.harness import eventually
from tests.hosts.application import FILE
from tests.hosts.conftest import ORIGIN, Counter, everywhere

UNKNOWN = "01890a5d-ac96-774b-bcce-b302099a8057"
OWN_REQUEST = {
    "fastapi": "starlette.requests.Request",
    "starlette": "starlette.requests.Request",
    "django": "django.core.handlers.asgi.ASGIRequest",
    "django-wsgi": "django.core.handlers.wsgi.WSGIRequest",
    "flask": "flask.wrappers.Request",
    "flask-asgi": "flask.wrappers.Request",
}


def problem(counter: Counter, answer: httpx2.Response, status: int, kind: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert answer.json()["type"] == counter.url(f"/problems/{kind}")


@everywhere
def test_every_url_leads_back(counter: Counter) -> None:
    """In Location and Link, in bodies, of pages and of problems; through the proxy, where there is one."""
    accepted = counter.submit("/echo", {"text": "x"})
    job = counter.ended(accepted)
    status_url = counter.url(f"/jobs/{job['jobId']}")
    assert accepted.headers["location"] == job["statusUrl"] == status_url
    assert accepted.headers["link"] == f'<{status_url}>; rel="status"'
    assert set(job["_links"]) >= {"self", "result", "events"}
    for link in (job["_links"][name] for name in ("self", "result", "events")):
        assert counter.api.request(link["method"], link["href"]).status_code == 200
    counter.submit("/echo", {"text": "x"})
    page = counter.api.get(counter.url("/jobs?limit=1"))
    assert page.headers["link"] == f'<{page.json()["next"]}>; rel="next"'
    assert len(counter.api.get(page.json()["next"]).json()["items"]) == 1
    missing = counter.api.get(counter.url("/jobs/x"))
    assert "no job under this URL" in counter.api.get(missing.json()["type"]).text
    for operation in counter.api.get(counter.url("/operations")).json()["items"]:
        assert counter.api.post(operation["path"], json={"text": "x"}).status_code in (202, 415, 422)


@everywhere
def test_a_job_waits_runs_and_is_cancelled(counter: Counter) -> None:
    """Asked of a running job: 202 while it stops, then 204; retried, it is a new life."""
    accepted = counter.submit("/wait", {"gate": "never"})
    status_url = accepted.headers["location"]
    eventually(lambda: counter.api.get(status_url).json()["message"] == "at the gate")
    assert counter.api.get(f"{status_url}/result").status_code == 409
    stopping = counter.api.delete(status_url)
    assert (stopping.status_code, stopping.json()["status"]) == (202, "cancelling")
    assert stopping.headers["location"] == status_url
    assert counter.ended(accepted)["status"] == "cancelled"
    gone = counter.api.delete(status_url)
    assert (gone.status_code, gone.content) == (204, b"")
    again = counter.api.post(f"{status_url}/retry")
    assert (again.status_code, again.headers["location"]) == (202, status_url)
    assert counter.api.delete(status_url).status_code in (202, 204)
    assert counter.ended(again)["status"] == "cancelled"


def test_a_result_is_what_the_function_returned(counter: Counter) -> None:
    job = counter.ended(counter.submit("/echo", {"text": "Füße ", "times": 2}))
    assert job["result"] == {"text": "Füße Füße "}
    result = counter.api.get(job["resultUrl"])
    assert (result.status_code, result.headers["content-type"], result.json()) == (200, "application/json", {"text": "Füße Füße "})
    unchanged = counter.api.get(job["resultUrl"], headers={"If-None-Match": result.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")


def test_a_poll_with_the_version_at_hand_is_304(counter: Counter) -> None:
    job = counter.ended(counter.submit("/echo", {"text": "x"}))
    etag = counter.api.get(job["statusUrl"]).headers["etag"]
    assert counter.api.get(job["statusUrl"], headers={"If-None-Match": etag}).status_code == 304


def test_a_file_comes_whole_or_in_ranges(counter: Counter) -> None:
    """HEAD says how large it is, a range continues it, a range beyond its end is 416."""
    url = counter.ended(counter.submit("/export"))["resultUrl"]
    whole = counter.api.get(url)
    assert whole.content == FILE
    assert whole.headers["content-disposition"] == 'attachment; filename="bytes.bin"'
    assert whole.headers["content-type"] == "application/octet-stream"
    head = counter.api.head(url)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(FILE)), b"")
    rest = counter.api.get(url, headers={"Range": f"bytes={len(FILE) - 300}-", "If-Range": whole.headers["etag"]})
    assert (rest.status_code, rest.content) == (206, FILE[-300:])
    assert rest.headers["content-range"] == f"bytes {len(FILE) - 300}-{len(FILE) - 1}/{len(FILE)}"
    problem(counter, counter.api.get(url, headers={"Range": f"bytes={len(FILE)}-"}), 416, "range-not-satisfiable")


def test_a_failure_is_its_problem(counter: Counter) -> None:
    """The status URL is 200 all the same; the result URL has the function's own status."""
    job = counter.ended(counter.submit("/boom"))
    assert (job["status"], job["error"]["title"]) == ("failed", "Account closed")
    answer = counter.api.get(f"{job['statusUrl']}/result")
    assert (answer.status_code, answer.json()["title"]) == (422, "Account closed")


def test_lists_have_pages_and_filters(counter: Counter) -> None:
    wanted = {counter.ended(counter.submit("/boom"))["jobId"] for _ in range(3)}
    url: str | None = counter.url("/jobs?status=failed&operation=boom.once&limit=2")
    found: list[str] = []
    while url:
        page = counter.api.get(url).json()
        found += [job["jobId"] for job in page["items"]]
        url = page["next"]
    assert wanted <= set(found)
    assert len(found) == len(set(found))
    problem(counter, counter.api.get(counter.url("/jobs?limit=0")), 400, "invalid-parameter")


def test_a_history_tells_who_did_what(counter: Counter) -> None:
    job = counter.ended(counter.submit("/echo", {"text": "x"}))
    rows = counter.api.get(job["_links"]["events"]["href"]).json()["items"]
    assert [row["type"] for row in rows] == ["accepted", "started", "completed"]
    assert rows[0]["actor"] == "ann"


@pytest.mark.parametrize("path", ["/jobs/x", f"/jobs/{UNKNOWN}", f"/jobs/{UNKNOWN}/result", f"/jobs/{UNKNOWN}/events", "/jobs/%00"])
def test_an_unknown_job_is_a_problem(counter: Counter, path: str) -> None:
    problem(counter, counter.api.get(counter.url(path)), 404, "job-not-found")


@pytest.mark.parametrize("path", ["/nowhere", "/echo/", "/jobs/", "/jobs/x/y"])
def test_what_is_not_ours_is_the_hosts_404_and_no_redirect(counter: Counter, path: str) -> None:
    """But for Starlette's router, which takes slashes off by itself."""
    answer = counter.api.post(counter.url(path), json={})
    redirects = counter.served.host in ("fastapi", "starlette") and path.endswith("/")
    assert answer.status_code == (307 if redirects else 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", f"/jobs/{UNKNOWN}", "DELETE, GET, HEAD"),
        ("GET", "/echo", "POST"),
        ("OPTIONS", "/jobs", "GET, HEAD"),
        ("PUT", f"/jobs/{UNKNOWN}/retry", "POST"),
    ],
)
def test_a_method_that_the_path_does_not_know_is_a_problem(counter: Counter, method: str, path: str, allowed: str) -> None:
    answer = counter.api.request(method, counter.url(path))
    problem(counter, answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize("path", ["/jobs", "/operations", "/healthz", "/readyz", "/problems/queue-full"])
def test_head_is_get_without_a_body(counter: Counter, path: str) -> None:
    head = counter.api.head(counter.url(path))
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(
    ("body", "media_type", "status", "kind"),
    [
        (b"{", "application/json", 400, "malformed-body"),
        (b'{"text": 7}', "application/json", 422, "invalid-arguments"),
        (b"<x/>", "application/xml", 415, "unsupported-media-type"),
        (b" " * 1_100_000, "application/json", 413, "payload-too-large"),
    ],
)
def test_what_cannot_be_accepted_is_a_problem(counter: Counter, body: bytes, media_type: str, status: int, kind: str) -> None:
    answer = counter.api.post(counter.url("/echo"), content=body, headers={"Content-Type": media_type})
    problem(counter, answer, status, kind)


def test_a_file_is_taken_as_it_comes(counter: Counter) -> None:
    """Larger than anything that is held in memory on the way; or as a part of a form."""
    sent = FILE * 20
    job = counter.ended(counter.api.post(counter.url("/digest"), content=sent, headers={"Content-Type": "video/mp4"}))
    assert job["result"] == {"size": len(sent), "digest": hashlib.sha256(sent).hexdigest()}
    form = counter.api.post(counter.url("/form"), data={"title": "Fuß"}, files={"file": ("bytes.bin", FILE)})
    assert counter.ended(form)["result"] == {"title": "Fuß", "size": len(FILE), "filename": "bytes.bin"}


def test_a_body_without_a_length_is_read_or_refused(counter: Counter) -> None:
    """Sent in chunks. Where the server under the host cannot tell where it ends, 411: never half of it."""
    answer = counter.api.post(counter.url("/echo"), content=iter([b'{"text"', b': "x"}']), headers={"Content-Type": "application/json"})
    assert answer.status_code == (411 if counter.served.host == "flask-asgi" else 202), answer.text
    if answer.status_code == 202:
        assert counter.ended(answer)["result"] == {"text": "x"}


def test_a_key_stands_for_one_job(counter: Counter) -> None:
    """Sent sixteen times at once, and again with another request."""
    key = str(uuid4())

    def send(_: int) -> httpx2.Response:
        return counter.api.post(counter.url("/echo"), json={"text": "x"}, headers={"Idempotency-Key": key})

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(send, range(16)))
    assert {answer.status_code for answer in answers} <= {200, 202}
    assert len({answer.json()["jobId"] for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    reused = counter.api.post(counter.url("/echo"), json={"text": "y"}, headers={"Idempotency-Key": key})
    problem(counter, reused, 422, "idempotency-key-reused")


def test_many_jobs_at_once_all_end(counter: Counter) -> None:
    with ThreadPoolExecutor(16) as pool:
        accepted = list(pool.map(lambda number: counter.submit("/echo", {"text": str(number)}), range(48)))
    assert [counter.ended(answer)["result"]["text"] for answer in accepted] == [str(number) for number in range(48)]


def test_the_hook_is_asked_with_the_hosts_own_request(counter: Counter) -> None:
    """Sessions, users and whatever else the host's middleware has put there can be seen."""
    counter.api.get(counter.url("/jobs"))
    kinds: set[Any] = {type(request) for request in counter.asked.requests}
    assert {f"{kind.__module__}.{kind.__qualname__}" for kind in kinds} == {OWN_REQUEST[counter.served.host]}


def test_whoever_is_nobody_gets_a_challenge_and_others_get_nothing(counter: Counter) -> None:
    nobody = counter.api.get(counter.url("/jobs"), headers={"Authorization": ""})
    problem(counter, nobody, 401, "unauthenticated")
    assert nobody.headers["www-authenticate"] == "Bearer"
    accepted = counter.submit("/echo", {"text": "x"})
    problem(counter, counter.api.get(accepted.headers["location"], headers={"Authorization": "Bearer ben"}), 404, "job-not-found")


class TestOtherOrigins:
    def test_a_browser_may_ask_first(self, counter: Counter) -> None:
        answer = counter.api.options(
            counter.url("/echo"),
            headers={
                "Origin": ORIGIN,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "content-type,idempotency-key",
                "Authorization": "",  # a browser sends none with this question
            },
        )
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert answer.headers["access-control-allow-methods"] == "POST"
        assert answer.headers["access-control-allow-headers"] == "content-type,idempotency-key"
        assert "Origin" in answer.headers["vary"]

    @pytest.mark.parametrize(("path", "status"), [("/jobs", 200), ("/jobs/x", 404), ("/echo", 405)])
    def test_its_scripts_may_read_answers_and_their_fields(self, counter: Counter, path: str, status: int) -> None:
        answer = counter.api.get(counter.url(path), headers={"Origin": ORIGIN})
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert answer.headers["access-control-allow-credentials"] == "true"
        exposed = set(answer.headers["access-control-expose-headers"].split(", "))
        assert exposed >= {"Location", "Retry-After", "Link", "ETag", "Preference-Applied", "Idempotency-Replayed"}

    def test_other_pages_may_not(self, counter: Counter) -> None:
        """Nor do caches mix up what each of them gets."""
        for headers in ({"Origin": "https://evil.example"}, {}):
            answer = counter.api.get(counter.url("/jobs"), headers=headers)
            assert not any(name.startswith("access-control") for name in answer.headers)
            assert "Origin" in answer.headers["vary"]
