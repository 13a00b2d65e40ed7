"""The FastAPI adapter: real routes, in `/docs`, with what FastAPI resolves."""

import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx2
import msgspec
import pydantic
import pytest
from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request

from coatcheck.app import Coatcheck
from coatcheck.domain.owner import SYSTEM
from coatcheck.http.accepted import Accepted
from coatcheck.store.contract import Listing
from coatcheck.testing.harness import serving
from tests.http.site import LOOPBACK, UNKNOWN, register


class Tree(msgspec.Struct):
    name: str
    children: list["Tree"] = []


class Report(pydantic.BaseModel):
    year: int
    lines: list[str]


class Line(pydantic.BaseModel):
    amount: int


class ReportRequest(pydantic.BaseModel):
    year: int
    lines: list[Line] = []


class User(msgspec.Struct):
    id: str


def current_user(authorization: Annotated[str | None, Header()] = None) -> User:
    if authorization is None:
        raise HTTPException(401, "Who are you?")
    return User(authorization)


@dataclass
class Host:
    jobs: Coatcheck
    app: FastAPI
    api: httpx2.AsyncClient

    async def arguments(self) -> dict[str, Any]:
        """Of the newest job, as its worker would get them."""
        (claim,) = await self.jobs.wiring.store.claim("w", self.jobs.registry.names(), 1)
        operation = self.jobs.registry.find(claim.job.operation)
        assert operation is not None
        return operation.parameters.decode(claim.arguments)


@asynccontextmanager
async def hosted(directory: Path, **including: Any) -> AsyncIterator[Host]:
    jobs = Coatcheck(store=f"sqlite:///{directory / 'jobs.db'}", embedded_worker=False)
    register(jobs)

    @jobs.operation("/reports")
    def report(
        body: ReportRequest,
        user: Annotated[User, Depends(current_user)],
        x_trace: Annotated[str | None, Header()] = None,
        depth: int = Query(default=1, le=3),
    ) -> Report:
        """Make a report."""
        return Report(year=body.year, lines=[])

    @jobs.operation("/trees")
    def plant(tree: Tree) -> Tree:
        return tree

    app = FastAPI(lifespan=jobs.lifespan)
    app.include_router(jobs.router, **including)
    with serving(app) as url:
        async with httpx2.AsyncClient(base_url=url, verify=LOOPBACK) as api:
            yield Host(jobs, app, api)


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    async with hosted(tmp_path) as host:
        yield host


class TestDependencies:
    async def test_what_fastapi_resolves_is_stored_with_the_body(self, host: Host) -> None:
        headers = {"Authorization": "alice", "X-Trace": "t-1"}
        answer = await host.api.post("/reports?depth=2", json={"year": 2026}, headers=headers)
        assert answer.status_code == 202
        assert await host.arguments() == {"body": ReportRequest(year=2026), "user": User("alice"), "x_trace": "t-1", "depth": 2}

    async def test_defaults_are_fastapis(self, host: Host) -> None:
        await host.api.post("/reports", json={"year": 2026}, headers={"Authorization": "alice"})
        arguments = await host.arguments()
        assert (arguments["x_trace"], arguments["depth"]) == (None, 1)

    async def test_a_dependency_that_refuses_stores_nothing(self, host: Host) -> None:
        assert (await host.api.post("/reports", json={"year": 2026})).status_code == 401
        assert (await host.api.post("/reports?depth=9", json={"year": 2026}, headers={"Authorization": "a"})).status_code == 422
        assert not await host.jobs.wiring.store.list(SYSTEM, Listing())

    async def test_the_body_is_still_ours_to_check(self, host: Host) -> None:
        answer = await host.api.post("/reports", json={"year": "x", "lines": [{}]}, headers={"Authorization": "alice"})
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert {fault["pointer"] for fault in answer.json()["errors"]} == {"/year", "/lines/0/amount"}

    async def test_overrides_work_as_for_any_route(self, host: Host) -> None:
        host.app.dependency_overrides[current_user] = lambda: User("stand-in")
        await host.api.post("/reports", json={"year": 2026})
        assert (await host.arguments())["user"] == User("stand-in")

    async def test_dependencies_of_the_router_guard_every_route(self, tmp_path: Path) -> None:
        async def refuse() -> None:
            raise HTTPException(403, "Closed.")

        async with hosted(tmp_path, prefix="/api", dependencies=[Depends(refuse)]) as host:
            for method, path in [("POST", "/echo"), ("GET", "/jobs"), ("GET", f"/jobs/{UNKNOWN}"), ("DELETE", f"/jobs/{UNKNOWN}")]:
                assert (await host.api.request(method, f"/api{path}")).status_code == 403


class TestDocumentation:
    async def test_the_document_is_made_without_a_warning_and_refers_to_nothing_missing(self, host: Host) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            document = host.app.openapi()
        for reference in references(document):
            part: Any = document
            for step in reference.removeprefix("#/").split("/"):
                part = part[step]
        assert (await host.api.get("/openapi.json")).status_code == 200
        assert (await host.api.get("/docs")).status_code == 200

    def test_every_route_is_described(self, host: Host) -> None:
        paths = host.app.openapi()["paths"]
        described = {(method, path) for path, methods in paths.items() for method in methods}
        assert described >= {
            ("post", "/reports"),
            ("get", "/jobs"),
            ("get", "/jobs/{job_id}"),
            ("delete", "/jobs/{job_id}"),
            ("get", "/jobs/{job_id}/result"),
            ("get", "/jobs/{job_id}/events"),
            ("post", "/jobs/{job_id}/retry"),
            ("get", "/operations"),
            ("get", "/healthz"),
            ("get", "/readyz"),
        }
        assert not any(method == "head" for method, _ in described)

    def test_a_submission_shows_its_body_its_answers_and_their_headers(self, host: Host) -> None:
        post = host.app.openapi()["paths"]["/reports"]["post"]
        assert post["summary"] == "Make a report."
        body = post["requestBody"]["content"]["application/json"]["schema"]
        assert body["properties"]["lines"]["items"]["properties"]["amount"]["type"] == "integer"
        assert set(post["responses"]) == {"200", "202", "303", "400", "401", "403", "408", "413", "415", "422", "429", "503", "default"}
        accepted = post["responses"]["202"]
        assert set(accepted["headers"]) == {"Location", "Link", "Retry-After", "Idempotency-Replayed", "Vary", "Preference-Applied"}
        result = accepted["content"]["application/json"]["schema"]["properties"]["result"]["anyOf"][0]
        assert set(result["properties"]) == {"year", "lines"}
        assert set(post["responses"]["422"]["content"]) == {"application/problem+json"}
        assert {parameter["name"] for parameter in post["parameters"]} == {"Idempotency-Key", "Prefer", "authorization", "x-trace", "depth"}

    def test_a_body_is_required_only_where_something_in_it_is(self, host: Host) -> None:
        paths = host.app.openapi()["paths"]
        assert [paths[path]["post"]["requestBody"]["required"] for path in ("/echo", "/nightly")] == [True, False]

    def test_a_job_is_described_as_precisely_as_it_is_sent(self, host: Host) -> None:
        responses = host.app.openapi()["paths"]["/jobs/{job_id}"]["get"]["responses"]
        job = responses["200"]["content"]["application/json"]["schema"]["properties"]
        assert job["createdAt"] == {"type": "string", "format": "date-time"}
        assert job["expiresAt"]["anyOf"][0] == {"type": "string", "format": "date-time"}
        assert job["percentComplete"]["anyOf"][0] == {"type": "integer", "minimum": 0, "maximum": 100}
        assert job["_links"]["additionalProperties"]["required"] == ["href", "method"]
        assert job["status"]["description"] == "Where a job stands."

    def test_a_type_that_contains_itself_is_described_once(self, host: Host) -> None:
        schema = host.app.openapi()["paths"]["/trees"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert set(schema["properties"]["children"]["items"]) == {"description"}

    async def test_what_is_answered_is_what_is_described(self, host: Host) -> None:
        """The members of a representation, and each answer's header fields, are those of the document."""
        paths = host.app.openapi()["paths"]
        accepted = await host.api.post("/echo", json={"text": "x"})
        described = paths["/echo"]["post"]["responses"]["202"]
        assert set(described["content"]["application/json"]["schema"]["required"]) == set(accepted.json())
        for path, url in [("/jobs/{job_id}", accepted.headers["location"]), ("/jobs", "/jobs"), ("/operations", "/operations")]:
            answer = await host.api.get(url)
            schema = paths[path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            assert set(schema["required"]) == set(answer.json())
            for item in answer.json().get("items", []):
                assert set(schema["properties"]["items"]["items"]["required"]) == set(item)


class TestRoutes:
    async def test_head_works_where_get_does(self, host: Host) -> None:
        job_id = (await host.api.post("/echo", json={"text": "x"})).json()["jobId"]
        for path in (f"/jobs/{job_id}", "/jobs", f"/jobs/{job_id}/events", "/operations", "/healthz", "/readyz"):
            get, head = await host.api.get(path), await host.api.head(path)
            assert (head.status_code, head.content) == (get.status_code, b"") == (200, b"")

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [("PATCH", f"/jobs/{UNKNOWN}", "DELETE, GET, HEAD"), ("GET", "/echo", "POST"), ("GET", f"/jobs/{UNKNOWN}/retry", "POST")],
    )
    async def test_an_unknown_method_is_a_problem(self, host: Host, method: str, path: str, allowed: str) -> None:
        answer = await host.api.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
        assert answer.json()["type"] == "/problems/method-not-allowed"

    async def test_a_route_of_the_hosts_own_on_the_same_path_is_left_alone(self, tmp_path: Path) -> None:
        jobs = Coatcheck(store=f"sqlite:///{tmp_path / 'jobs.db'}", embedded_worker=False)
        register(jobs)
        app = FastAPI(lifespan=jobs.lifespan)
        app.include_router(jobs.router)

        @app.get("/echo")
        async def mine() -> str:
            return "mine"

        with serving(app) as url:
            async with httpx2.AsyncClient(base_url=url, verify=LOOPBACK) as api:
                assert (await api.get("/echo")).json() == "mine"
                assert (await api.post("/echo", json={"text": "x"})).status_code == 202

    async def test_a_job_is_followed_to_its_result(self, host: Host) -> None:
        accepted = await host.api.post("/echo", json={"text": "x"})
        url = accepted.headers["location"]
        assert (await host.api.get(url, headers={"If-None-Match": (await host.api.get(url)).headers["etag"]})).status_code == 304
        assert (await host.api.get(f"{url}/result")).status_code == 409
        assert (await host.api.delete(url)).status_code == 204
        assert (await host.api.post(f"{url}/retry")).status_code == 202


class TestAccept:
    """For those who keep their own route."""

    @pytest.fixture(params=["", "/inner"])
    async def own(self, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[httpx2.AsyncClient]:
        jobs = Coatcheck(store=f"sqlite:///{tmp_path / 'jobs.db'}", embedded_worker=False)

        @jobs.operation("/internal/reports", queue_bound=2)
        def report(body: ReportRequest) -> Report:
            return Report(year=body.year, lines=[])

        app = FastAPI(lifespan=jobs.lifespan)
        app.include_router(jobs.router, prefix="/api")

        @app.post("/mine", status_code=202)
        async def mine(body: ReportRequest, received: Request) -> Accepted[Report]:
            return await report.accept(body, owner="everyone", request=received)

        @app.post("/blind", status_code=202)
        async def blind(body: dict[str, Any]) -> Accepted[Report]:
            return await report.accept(body, owner="everyone")

        outer = FastAPI(lifespan=jobs.lifespan)
        outer.mount("/inner", app)
        with serving(outer if request.param == "/inner" else app) as url:
            async with httpx2.AsyncClient(base_url=url + request.param, verify=LOOPBACK) as api:
                yield api

    async def test_the_answer_leads_to_our_routes_wherever_they_were_included(self, own: httpx2.AsyncClient) -> None:
        answer = await own.post("/mine", json={"year": 2026})
        assert (answer.status_code, answer.headers["content-type"]) == (202, "application/json")
        assert answer.headers["location"] == f"{own.base_url.path.rstrip('/')}/api/jobs/{answer.json()['jobId']}"
        assert (await own.get(own.base_url.join(answer.headers["location"]))).json()["status"] == "queued"

    async def test_the_requests_idempotency_key_counts(self, own: httpx2.AsyncClient) -> None:
        first, second = [await own.post("/mine", json={"year": 2026}, headers={"Idempotency-Key": "k"}) for _ in range(2)]
        assert second.headers["idempotency-replayed"] == "true"
        assert second.json()["jobId"] == first.json()["jobId"]
        reused = await own.post("/mine", json={"year": 2027}, headers={"Idempotency-Key": "k"})
        assert (reused.status_code, reused.json()["type"]) == (
            422,
            f"{own.base_url.path.rstrip('/')}/api/problems/idempotency-key-reused",
        )

    async def test_a_full_queue_is_a_problem_and_no_crash(self, own: httpx2.AsyncClient) -> None:
        for _ in range(2):
            await own.post("/mine", json={"year": 2026})
        answer = await own.post("/mine", json={"year": 2026})
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert int(answer.headers["retry-after"]) >= 1

    async def test_without_the_request_urls_begin_where_the_host_had_our_routes_when_it_started(self, own: httpx2.AsyncClient) -> None:
        answer = await own.post("/blind", json={"year": 2026})
        assert (await own.get(own.base_url.join(answer.headers["location"]))).json()["status"] == "queued"

    async def test_arguments_that_do_not_fit_are_a_problem(self, own: httpx2.AsyncClient) -> None:
        answer = await own.post("/blind", json={"year": "x"})
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def references(part: Any) -> list[str]:
    match part:
        case {"$ref": str() as reference}:
            return [reference]
        case dict():
            return [found for value in part.values() for found in references(value)]
        case list():
            return [found for item in part for found in references(item)]
        case _:
            return []
