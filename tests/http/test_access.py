"""Who may see what: every route by every actor (F76: another owner's job is 404, the same as an unknown one)."""

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from coatcheck.domain.owner import SYSTEM
from coatcheck.errors import Fail, Forbidden
from coatcheck.store.contract import Listing
from tests.http.site import UNKNOWN, Site, assert_problem, bearer, running

JOB_ROUTES = [("GET", ""), ("HEAD", ""), ("DELETE", ""), ("GET", "/result"), ("GET", "/events"), ("POST", "/retry")]
OTHERS = [*JOB_ROUTES, ("PATCH", ""), ("PUT", "/result"), ("DELETE", "/events"), ("GET", "/retry")]
USABLE = {"": "queued", "/result": "completed", "/events": "queued", "/retry": "failed"}


@pytest.mark.parametrize(("method", "path"), JOB_ROUTES)
async def test_another_owners_job_is_the_same_as_an_unknown_one(guarded: Site, method: str, path: str) -> None:
    job_id = await guarded.bring_to(USABLE[path], headers=bearer("alice"))
    before = await guarded.store.get(job_id, SYSTEM)
    foreign = await guarded.api.request(method, f"/jobs/{job_id}{path}", headers=bearer("bob"))
    unknown = await guarded.api.request(method, f"/jobs/{UNKNOWN}{path}", headers=bearer("bob"))
    assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content)
    varying = {"date": "", "ratelimit": ""}
    assert {**foreign.headers, **varying} == {**unknown.headers, **varying}
    assert (foreign.status_code, foreign.headers["cache-control"]) == (404, "no-store")
    assert await guarded.store.get(job_id, SYSTEM) == before


@pytest.mark.parametrize(("method", "path"), JOB_ROUTES)
@pytest.mark.parametrize("actor", ["alice", "root"])
async def test_the_owner_and_the_operator_may(guarded: Site, method: str, path: str, actor: str) -> None:
    job_id = await guarded.bring_to(USABLE[path], headers=bearer("alice"))
    answer = await guarded.api.request(method, f"/jobs/{job_id}{path}", headers=bearer(actor))
    assert answer.status_code < 300


@pytest.mark.parametrize(
    ("method", "path"),
    [*((method, f"/jobs/{UNKNOWN}{path}") for method, path in JOB_ROUTES), ("GET", "/jobs"), ("POST", "/echo"), ("GET", "/operations")],
)
async def test_without_credentials_there_is_nothing_to_see(guarded: Site, method: str, path: str) -> None:
    answer = await guarded.api.request(method, path, json={"text": "x"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    if method != "HEAD":
        assert_problem(answer, 401, "unauthenticated")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/problems/queue-full"])
async def test_health_and_explanations_are_for_everybody(guarded: Site, path: str) -> None:
    assert (await guarded.api.get(path)).status_code == 200


async def test_credentials_are_looked_at_before_the_body(guarded: Site) -> None:
    answer = await guarded.api.post("/echo", content=b"x" * 2_000_000)
    assert_problem(answer, 401, "unauthenticated")


async def test_the_same_key_of_another_owner_is_another_job(guarded: Site) -> None:
    """F38: nobody learns that a key exists."""
    key = {"Idempotency-Key": "k"}
    first = await guarded.submit(headers={**bearer("alice"), **key})
    second = await guarded.api.post("/echo", json={"text": "other"}, headers={**bearer("bob"), **key})
    assert second.status_code == 202
    assert "idempotency-replayed" not in second.headers
    assert second.json()["jobId"] != first


async def test_what_the_operator_submits_is_the_systems(guarded: Site) -> None:
    job_id = await guarded.submit(headers=bearer("root"))
    (job,) = await guarded.store.list(SYSTEM, Listing())
    assert (job.id, job.owner) == (job_id, "system")


@pytest.mark.parametrize("method_and_path", [pair for pair in OTHERS if pair not in JOB_ROUTES])
async def test_a_method_that_the_route_does_not_know_is_405_and_says_which_it_knows(
    guarded: Site, method_and_path: tuple[str, str]
) -> None:
    method, path = method_and_path
    answer = await guarded.api.request(method, f"/jobs/{UNKNOWN}{path}")
    assert_problem(answer, 405, "method-not-allowed")
    allowed = {"": "DELETE, GET, HEAD", "/result": "GET, HEAD", "/events": "GET, HEAD", "/retry": "POST"}
    assert answer.headers["allow"] == allowed[path]


@pytest.mark.parametrize(("method", "path"), [("POST", "/echo"), ("GET", "/jobs")])
async def test_nobody_can_go_by_the_operators_name(guarded: Site, method: str, path: str) -> None:
    """Whoever registers as `system` would own what the operator submitted, and act under its name in every history."""
    await guarded.submit(headers=bearer("root"))
    answer = await guarded.api.request(method, path, json={"text": "x"}, headers=bearer("system"))
    assert_problem(answer, 403, "forbidden")


class TestHooks:
    async def test_a_plain_function_will_do(self, tmp_path: object) -> None:
        def hook(request: Request) -> str | None:
            return request.headers.get("x-user")

        async with running(tmp_path, authenticate=hook) as site:
            job_id = await site.submit(headers={"X-User": "alice"})
            assert (await site.api.get(f"/jobs/{job_id}", headers={"X-User": "alice"})).status_code == 200
            assert (await site.api.get(f"/jobs/{job_id}")).status_code == 401

    async def test_an_object_with_an_async_call_will_do(self, tmp_path: object) -> None:
        class Hook:
            async def __call__(self, request: Request) -> str:
                return "alice"

        async with running(tmp_path, authenticate=Hook()) as site:
            await site.submit()
            assert [job.owner for job in await site.store.list(SYSTEM, Listing())] == ["alice"]

    @pytest.mark.parametrize(
        ("error", "status", "kind"),
        [
            (Forbidden("Read only."), 403, "/problems/forbidden"),
            (Fail(status=402, title="Pay first", type="https://example.com/pay", plan="free"), 402, "https://example.com/pay"),
            (Fail(status=402), 402, "about:blank"),
            (HTTPException(401, "No.", {"WWW-Authenticate": "Basic"}), 401, "about:blank"),
            (HTTPException(499, "Gone away."), 499, "about:blank"),
        ],
    )
    async def test_what_a_hook_raises_is_answered(self, tmp_path: object, error: Exception, status: int, kind: str) -> None:
        async def hook(request: Request) -> str:
            raise error

        async with running(tmp_path, authenticate=hook) as site:
            answer = await site.api.post("/echo", json={"text": "x"})
            assert (answer.status_code, answer.json()["type"]) == (status, kind)
            assert answer.headers["content-type"] == "application/problem+json"
            if isinstance(error, HTTPException) and error.headers:
                assert answer.headers["www-authenticate"] == "Basic"
            if kind.endswith("/pay"):
                assert answer.json()["plan"] == "free"

    async def test_a_bare_status_is_titled_as_by_rfc_9110_whichever_python_it_is(self, tmp_path: object) -> None:
        async def hook(request: Request) -> str:
            raise HTTPException(422)

        async with running(tmp_path, authenticate=hook) as site:
            assert (await site.api.post("/echo", json={"text": "x"})).json()["title"] == "Unprocessable Content"

    @pytest.mark.parametrize("returned", [0, "", 7, {"name": "alice"}, True])
    async def test_a_hook_that_names_nobody_lets_nobody_in(self, tmp_path: object, returned: object) -> None:
        """What is no owner's name is a fault of the application, told to the operator and not to the client."""
        failures = []

        async def hook(request: Request) -> object:
            return returned

        async with running(tmp_path, authenticate=hook) as site:
            site.jobs.telemetry.subscribe(lambda event, facts: failures.append(facts["error"]))
            answer = await site.api.post("/echo", json={"text": "x"})
            assert_problem(answer, 500, "internal-error")
            assert "authenticate" not in answer.text
            assert "authenticate()" in str(failures[0])

    async def test_a_crash_inside_a_hook_shows_nothing_of_it(self, tmp_path: object) -> None:
        async def hook(request: Request) -> str:
            raise RuntimeError("password=hunter2")

        async with running(tmp_path, authenticate=hook) as site:
            answer = await site.api.get("/jobs")
            assert_problem(answer, 500, "internal-error")
            assert "hunter2" not in answer.text
