"""How many jobs an owner may have, and how often it may ask."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from coatcheck import Accepted
from coatcheck.app import Coatcheck
from coatcheck.domain.outcome import Completed
from coatcheck.domain.rate import Rate
from coatcheck.errors import ConfigurationError
from coatcheck.http.buckets import MOST_OWNERS, Buckets
from coatcheck.testing.harness import serving
from tests.http.site import LOOPBACK, ShiftedClock, Site, assert_problem, bearer, by_bearer, json_result, stored

Serve = Callable[..., AbstractAsyncContextManager[Site]]
ALICE, BOB, ROOT = bearer("alice"), bearer("bob"), bearer("root")


def application(settings: dict[str, Any]) -> Coatcheck:
    return Coatcheck(**settings)


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """An application with limits."""

    @asynccontextmanager
    async def serve(**settings: Any) -> AsyncIterator[Site]:
        clock = ShiftedClock()
        usual: dict[str, Any] = {"store": f"sqlite:///{tmp_path}/jobs.db", "embedded_worker": False, "authenticate": by_bearer}
        jobs = application(usual | {"clock": clock} | settings)

        @jobs.operation("/echo")
        def echo(text: str = "hello") -> str:
            return text

        @jobs.operation("/capped", max_in_flight=2)
        def capped() -> None: ...

        @jobs.operation("/rated", rate="3/minute")
        def rated() -> None: ...

        @jobs.operation("/busy", queue_bound=100)
        def busy() -> None: ...

        app = FastAPI(lifespan=jobs.lifespan)

        @app.post("/own")
        async def own(owner: str) -> Accepted[None]:
            return await rated.accept(owner=owner)

        app.include_router(jobs.router)
        with serving(app) as url:
            async with httpx2.AsyncClient(base_url=url, verify=LOOPBACK) as api:
                yield Site(jobs, api, clock)

    return serve


async def post(site: Site, path: str, who: dict[str, str] = ALICE, **options: Any) -> httpx2.Response:
    return await site.api.post(path, json={}, headers=who | options.pop("headers", {}), **options)


async def end_one(site: Site, operation: str) -> None:
    (claim,) = await site.store.claim("w", [operation], 1)
    assert await site.store.settle(claim, Completed(json_result(None)))


async def test_an_owner_may_have_so_many_jobs(serve: Serve) -> None:
    """Of the operation; others have their own, and the operator is not limited."""
    async with serve() as site:
        for _ in range(2):
            answer = await post(site, "/capped")
            assert (answer.status_code, answer.headers["ratelimit-policy"]) == (202, '"capped-jobs";q=2;qu="concurrent-requests"')
        refused = await post(site, "/capped")
        assert "You have 2 jobs of 'capped'" in str(assert_problem(refused, 429, "too-many-jobs")["detail"])
        assert 1 <= int(refused.headers["retry-after"]) <= 120
        assert refused.headers["ratelimit"] == f'"capped-jobs";r=0;t={refused.headers["retry-after"]}'
        assert "ratelimit-policy" in refused.headers
        assert (await post(site, "/capped", BOB)).status_code == 202
        assert (await post(site, "/echo")).status_code == 202
        for _ in range(4):
            answer = await post(site, "/capped", ROOT)
            assert (answer.status_code, "ratelimit-policy" in answer.headers) == (202, False)
        assert await stored(site) == 8
        await end_one(site, "capped")
        assert (await post(site, "/capped")).status_code == 202


async def test_an_owner_may_have_so_many_jobs_of_all_operations(serve: Serve) -> None:
    async with serve(max_in_flight=3) as site:
        for path in ("/echo", "/capped", "/rated"):
            assert '"jobs";q=3;qu="concurrent-requests"' in (await post(site, path)).headers["ratelimit-policy"]
        refused = await post(site, "/rated")
        assert_problem(refused, 429, "too-many-jobs")
        assert [item.partition(";t=")[0] for item in refused.headers["ratelimit"].split(", ")] == ['"rated";r=1', '"jobs";r=0']
        assert (await post(site, "/echo", BOB)).status_code == 202


async def test_a_request_sent_again_is_answered_though_there_is_no_room(serve: Serve) -> None:
    async with serve() as site:
        key = {"Idempotency-Key": "k"}
        first = await post(site, "/capped", headers=key)
        await post(site, "/capped")
        again = await post(site, "/capped", headers=key)
        assert (again.status_code, again.json()["jobId"]) == (202, first.json()["jobId"])


async def test_all_queues_together_have_a_bound(serve: Serve) -> None:
    async with serve(max_queued=2) as site:
        for path in ("/echo", "/capped"):
            assert (await post(site, path)).status_code == 202
        assert_problem(await post(site, "/rated", BOB), 503, "queue-full")
        assert_problem(await post(site, "/rated", ROOT), 503, "queue-full")
        await end_one(site, "echo")
        assert (await post(site, "/rated", BOB)).status_code == 202


async def test_an_owner_may_submit_so_often(serve: Serve) -> None:
    """The bucket refills steadily; each answer says how much is left, and a refused request costs nothing."""
    async with serve() as site:
        for left in (2, 1, 0):
            answer = await post(site, "/rated")
            assert answer.headers["ratelimit-policy"] == '"rated";q=3;w=60'
            assert answer.headers["ratelimit"].startswith(f'"rated";r={left};t=')
            assert answer.status_code == 202
        for _ in range(3):
            refused = await post(site, "/rated")
            assert_problem(refused, 429, "rate-limited")
            assert refused.headers["ratelimit"] == f'"rated";r=0;t={refused.headers["retry-after"]}'
            assert 15 <= int(refused.headers["retry-after"]) <= 20
        assert (await post(site, "/rated", BOB)).status_code == 202
        site.clock.ahead += 20
        assert (await post(site, "/rated")).status_code == 202
        assert (await post(site, "/rated")).status_code == 429
        assert await stored(site) == 5


async def test_who_comes_too_often_is_turned_away_before_the_body_is_read(serve: Serve) -> None:
    async with serve() as site:
        for _ in range(3):
            await post(site, "/rated")
        answer = await site.api.post("/rated", content=b"{ not JSON", headers=ALICE)
        assert_problem(answer, 429, "rate-limited")


async def test_a_request_that_is_found_bad_counts(serve: Serve) -> None:
    """Else anybody could send as many of those as they like."""
    async with serve() as site:
        statuses = [(await site.api.post("/rated", content=b"{ not JSON", headers=ALICE)).status_code for _ in range(4)]
        assert statuses == [400, 400, 400, 429]


async def test_an_owner_may_submit_to_all_operations_so_often(serve: Serve) -> None:
    """Beside what each allows: neither bucket is drawn from where the other is empty."""
    async with serve(submission_rate="4/hour") as site:
        for _ in range(3):
            await post(site, "/rated")
        assert_problem(await post(site, "/rated"), 429, "rate-limited")
        answer = await post(site, "/echo")
        assert (answer.status_code, answer.headers["ratelimit"][:20]) == (202, '"submissions";r=0;t=')
        assert_problem(await post(site, "/echo"), 429, "rate-limited")
        assert (await post(site, "/echo", ROOT)).status_code == 202


async def test_an_owner_may_look_so_often(serve: Serve) -> None:
    """At a job, its result, its history, and at all of them, together; what changes something is another matter."""
    async with serve(poll_rate="5/minute") as site:
        job = (await post(site, "/echo")).headers["location"]
        looks = [f"{job}", f"{job}/result", f"{job}/events", "/jobs", "/jobs/nonsense", f"{job}", "/jobs"]
        answers = [await site.api.get(path, headers=ALICE) for path in looks]
        assert [answer.status_code for answer in answers] == [200, 409, 200, 200, 404, 429, 429]
        assert_problem(answers[-1], 429, "rate-limited")
        assert [answer.headers["ratelimit"][:12] for answer in answers] == [f'"polls";r={left};' for left in (4, 3, 2, 1, 0, 0, 0)]
        assert (await site.api.get("/jobs", headers=BOB)).status_code == 200
        assert (await site.api.get("/jobs", headers=ROOT)).status_code == 200
        assert (await site.api.delete(job, headers=ALICE)).status_code == 204


@pytest.mark.parametrize(
    ("settings", "limited"),
    [({}, True), ({"poll_rate": "none"}, False), ({"authenticate": None}, False), ({"authenticate": None, "poll_rate": "9/s"}, True)],
)
async def test_looks_are_limited_where_owners_are_told_apart(serve: Serve, settings: dict[str, Any], *, limited: bool) -> None:
    """Without a hook all clients are one owner, and one of them could shut out the others."""
    async with serve(**settings) as site:
        assert ("ratelimit" in (await site.api.get("/jobs", headers=ALICE)).headers) is limited


async def test_a_route_of_the_application_s_own_keeps_the_same_limits(serve: Serve) -> None:
    async with serve() as site:
        answers = [await site.api.post("/own", params={"owner": "alice"}) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
        assert answers[0].headers["ratelimit"].startswith('"rated";r=2')
        assert_problem(answers[3], 429, "rate-limited")
        assert_problem(await post(site, "/rated"), 429, "rate-limited")


async def test_when_to_come_back_is_told_from_how_fast_jobs_complete(serve: Serve) -> None:
    """In twice the time that a twentieth of the queue takes, at most."""
    async with serve() as site:
        for _ in range(100):
            await post(site, "/busy")
        for _ in range(100):
            await end_one(site, "busy")
            await post(site, "/busy")
        assert 1 <= int((await post(site, "/busy")).headers["retry-after"]) <= 10
    async with serve() as site:
        site.clock.ahead += 45
        pace = await site.jobs.wiring.insight.drained("busy")
        assert 1 < pace < 100 / 44
        assert 2 <= int((await post(site, "/busy")).headers["retry-after"]) <= 12


@pytest.mark.parametrize("setting", ["submission_rate", "poll_rate"])
@pytest.mark.parametrize("text", ["often", "0/s", "5/fortnight", "5/0s", "-1/s"])
def test_a_rate_that_cannot_be_read_is_refused_at_once(setting: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{setting}: .* is no rate; write it like '10/s'"):
        application({setting: text})


@pytest.mark.parametrize(("policy", "said"), [({"rate": "often"}, "is no rate"), ({"max_in_flight": 0}, "must be 1 or more")])
def test_limits_of_an_operation_are_checked_when_it_is_registered(policy: dict[str, Any], said: str) -> None:
    def function() -> None: ...

    with pytest.raises(ConfigurationError, match=said):
        Coatcheck().operation("/x", **policy)(function)


def test_a_bounded_number_of_owners_is_remembered() -> None:
    """The one that was not taken from longest is forgotten, so that nobody fills the memory with names."""
    buckets = Buckets(Rate(1, 60.0))
    for number in range(MOST_OWNERS + 1):
        buckets.take(f"owner-{number}", now=0.0)
    assert [buckets.level(f"owner-{number}", now=0.0).tokens for number in (0, 1, MOST_OWNERS)] == [1, 0, 0]


def test_a_bucket_refills_steadily() -> None:
    buckets = Buckets(Rate(10, 1.0))
    for _ in range(10):
        buckets.take("alice", now=5.0)
    empty = buckets.level("alice", now=5.0)
    assert (empty.tokens, round(empty.wait, 9), round(empty.full_in, 9)) == (0, 0.1, 1.0)
    assert [buckets.level("alice", now=moment).tokens for moment in (5.05, 5.1, 5.55, 6.0, 60.0)] == [0, 1, 5, 10, 10]
