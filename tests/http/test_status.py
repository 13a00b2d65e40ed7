"""`GET /jobs/{id}`."""

from datetime import datetime, timedelta

import pytest

from coatcheck.domain.outcome import Failed, Rescheduled
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.progress import Progress
from tests.http.site import BROKEN, STATUSES, Site, assert_problem, json_result

LINKS = {
    "queued": {"self", "events", "cancel"},
    "running": {"self", "events", "cancel"},
    "cancelling": {"self", "events"},
    "completed": {"self", "events", "result"},
    "failed": {"self", "events", "retry"},
    "cancelled": {"self", "events", "retry"},
}
TERMINAL = {"completed", "failed", "cancelled"}


@pytest.mark.parametrize("status", STATUSES)
async def test_every_status_is_told_with_200(site: Site, status: str) -> None:
    """Terminal ones too: a 5xx on this URL only ever means that the look-up failed."""
    job_id = await site.bring_to(status)
    answer = await site.api.get(f"/jobs/{job_id}")
    body = answer.json()
    assert (answer.status_code, body["status"]) == (200, status)
    assert answer.headers["etag"].startswith('W/"')
    assert answer.headers["cache-control"] == "private, no-cache"
    assert ("retry-after" in answer.headers) is (status not in TERMINAL)
    assert (body["suggestedNextPollTime"] is None) is (status in TERMINAL)
    assert (body["completedAt"] is None) is (status not in TERMINAL)
    assert set(body["_links"]) == LINKS[status]


@pytest.mark.parametrize("status", STATUSES)
async def test_every_link_can_be_followed(site: Site, status: str) -> None:
    """Only what is usable now is offered."""
    body = (await site.api.get(f"/jobs/{await site.bring_to(status)}")).json()
    for link in body["_links"].values():
        answer = await site.api.request(link["method"], link["href"])
        assert answer.status_code < 300, (link, answer.text)


async def test_a_completed_job_carries_its_result(site: Site) -> None:
    body = (await site.api.get(f"/jobs/{await site.bring_to('completed')}")).json()
    assert body["result"] == {"answer": 42}
    assert body["resultUrl"] == body["_links"]["result"]["href"]
    assert body["percentComplete"] == 100
    assert body["error"] is None
    ended, expires = datetime.fromisoformat(body["completedAt"]), datetime.fromisoformat(body["expiresAt"])
    assert expires - ended == timedelta(days=1)


async def test_a_result_over_16_kib_is_at_its_url_only(site: Site) -> None:
    job_id = await site.submit()
    await site.complete(job_id, "x" * (16 * 1024 - 1))
    body = (await site.api.get(f"/jobs/{job_id}")).json()
    assert body["result"] is None
    assert (await site.api.get(body["resultUrl"])).json() == "x" * (16 * 1024 - 1)


async def test_a_file_is_at_its_url_only(site: Site) -> None:
    job_id = await site.submit()
    await site.complete(job_id, result=site.file_result(b"{}", media_type="application/json", filename="a.json"))
    body = (await site.api.get(f"/jobs/{job_id}")).json()
    assert body["result"] is None
    assert body["resultUrl"] == f"/jobs/{job_id}/result"


async def test_a_failed_job_carries_its_problem(site: Site) -> None:
    body = (await site.api.get(f"/jobs/{await site.bring_to('failed')}")).json()
    assert body["error"] == {
        "type": "/problems/operation-failed",
        "title": "The operation raised ValueError",
        "status": 502,
        "detail": "no such month",
        "month": 13,
    }
    assert body["resultUrl"] is None


async def test_progress_is_shown_as_the_run_told_it(site: Site) -> None:
    job_id = await site.submit()
    claim = await site.claim(job_id)
    await site.store.report(claim, Progress().advanced(current=3, total=4, unit="row", message="nearly"))
    body = (await site.api.get(f"/jobs/{job_id}")).json()
    assert body["percentComplete"] == 75
    assert body["progressDetail"] == {"current": 3, "total": 4, "unit": "row"}
    assert body["message"] == "nearly"


async def test_a_job_to_be_tried_again_says_when_and_shows_no_error(site: Site) -> None:
    job_id = await site.submit()
    await site.store.settle(await site.claim(job_id), Rescheduled(BROKEN, 300))
    body = (await site.api.get(f"/jobs/{job_id}")).json()
    assert (body["status"], body["error"]) == ("queued", None)
    assert datetime.fromisoformat(body["notBefore"]) > datetime.fromisoformat(body["createdAt"]) + timedelta(seconds=299)
    site.clock.ahead += 301
    assert (await site.api.get(f"/jobs/{job_id}")).json()["notBefore"] is None, "it may start at once"


class TestConditionalRequests:
    """RFC 9110 §13.1.2."""

    async def test_an_unchanged_job_is_304_and_says_when_to_look_again(self, site: Site) -> None:
        job_id = await site.bring_to("running")
        etag = (await site.api.get(f"/jobs/{job_id}")).headers["etag"]
        answer = await site.api.get(f"/jobs/{job_id}", headers={"If-None-Match": f'"other", {etag.removeprefix("W/")}'})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
        assert int(answer.headers["retry-after"]) >= 5
        assert answer.headers["cache-control"] == "private, no-cache"

    async def test_progress_is_a_change(self, site: Site) -> None:
        job_id = await site.submit()
        claim = await site.claim(job_id)
        etag = (await site.api.get(f"/jobs/{job_id}")).headers["etag"]
        await site.store.report(claim, Progress(percent=10))
        answer = await site.api.get(f"/jobs/{job_id}", headers={"If-None-Match": etag})
        assert answer.status_code == 200
        assert answer.headers["etag"] != etag

    async def test_another_owners_tag_opens_nothing(self, guarded: Site) -> None:
        mine = await guarded.submit(headers={"Authorization": "Bearer alice"})
        answer = await guarded.api.get(f"/jobs/{mine}", headers={"Authorization": "Bearer bob", "If-None-Match": "*"})
        assert answer.status_code == 404


async def test_the_head_is_that_of_the_get(site: Site) -> None:
    url = f"/jobs/{await site.bring_to('completed')}"
    get, head = await site.api.get(url), await site.api.head(url)
    assert (head.status_code, head.content) == (200, b"")
    same = {"etag", "content-type", "content-length", "cache-control"}
    assert {name: head.headers[name] for name in same} == {name: get.headers[name] for name in same}


async def test_an_expired_job_is_gone_and_then_forgotten(site: Site) -> None:
    """410 while its tombstone lives, 404 after."""
    job_id = await site.bring_to("completed")
    await site.expire_everything()
    for path in ("", "/result", "/events"):
        assert_problem(await site.api.get(f"/jobs/{job_id}{path}"), 410, "job-expired")
    assert_problem(await site.api.delete(f"/jobs/{job_id}"), 410, "job-expired")
    assert_problem(await site.api.post(f"/jobs/{job_id}/retry"), 410, "job-expired")
    site.clock.ahead += 8 * 86400
    await site.store.prune()
    assert_problem(await site.api.get(f"/jobs/{job_id}"), 404, "job-not-found")


async def test_retry_after_follows_the_estimate(site: Site) -> None:
    """Declared 20 s: 5–10 s when under a minute is left; nothing known: 5 s."""
    echo = await site.api.post("/echo", json={"text": "x"})
    assert int(echo.headers["retry-after"]) == 10
    unknown = await site.api.post("/imports", json={"rows": []})
    assert int(unknown.headers["retry-after"]) == 5
    assert unknown.json()["estimatedCompletionTime"] is None


async def test_a_job_that_is_to_stop_has_no_estimate(site: Site) -> None:
    """When its run will have stopped is not when it would have completed."""
    body = await site.api.get(f"/jobs/{await site.bring_to('cancelling')}")
    assert body.json()["estimatedCompletionTime"] is None
    assert int(body.headers["retry-after"]) == 5


async def test_a_job_ahead_shows_in_the_position(site: Site) -> None:
    first, second = await site.submit(), await site.submit()
    positions = [(await site.api.get(f"/jobs/{job_id}")).json()["queuePosition"] for job_id in (first, second)]
    assert positions == [0, 1]


async def test_a_second_life_starts_clean(site: Site) -> None:
    job_id = await site.submit()
    await site.store.settle(await site.claim(job_id), Failed(BROKEN))
    await site.store.retry(job_id, SYSTEM, actor="test")
    assert (await site.api.get(f"/jobs/{job_id}")).json()["notBefore"] is None
    await site.complete(job_id, result=json_result([1]))
    body = (await site.api.get(f"/jobs/{job_id}")).json()
    assert (body["status"], body["error"], body["result"], body["attempt"]) == ("completed", None, [1], 2)


async def test_a_queued_job_is_expected_after_those_ahead_of_it(site: Site) -> None:
    """One after the other where nothing runs yet, and as many at a time as do."""
    jobs = [await site.submit() for _ in range(3)]

    async def expected(job_id: str) -> float:
        job = (await site.api.get(f"/jobs/{job_id}")).json()
        return (
            datetime.fromisoformat(job["estimatedCompletionTime"]) - datetime.fromisoformat(job["suggestedNextPollTime"])
        ).total_seconds()

    first, second, third = [await expected(job_id) for job_id in jobs]
    assert (round(second - first), round(third - second)) == (20, 20)
    assert (await site.api.get(f"/jobs/{jobs[2]}")).headers["retry-after"] == "10"
