"""A style changes the shape in which jobs are shown, and nothing about the truth."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from coatcheck import Coatcheck, HttpStyle
from coatcheck.domain.outcome import Failed
from coatcheck.errors import ConfigurationError
from coatcheck.wire.style import MEMBERS, NATIVE
from tests.http.site import BROKEN, STATUSES, Site, assert_problem, running

Styled = Callable[..., AbstractAsyncContextManager[Site]]


@pytest.fixture
def styled(tmp_path: Path) -> Styled:
    """A site of that style."""
    return lambda **members: running(tmp_path, style=HttpStyle(**members))


async def looked(site: Site, status: str, **options: Any) -> Any:
    job_id = await site.bring_to(status)
    return await site.api.get(f"/jobs/{job_id}", **options)


@pytest.mark.parametrize("status", STATUSES)
async def test_a_job_that_has_not_ended_is_looked_at_with_202(styled: Styled, status: str) -> None:
    async with styled(pending_status=202) as site:
        answer = await looked(site, status)
        ended = status in ("completed", "failed", "cancelled")
        assert (answer.status_code, answer.json()["status"]) == (200 if ended else 202, status)
        known = {"If-None-Match": answer.headers["etag"]}
        assert (await site.api.get(answer.url.path, headers=known)).status_code == 304


async def test_members_have_other_names(styled: Styled) -> None:
    async with styled(members={"jobId": ("id", "jobId"), "percentComplete": "progressPct", "_links": "links"}) as site:
        answer = await looked(site, "queued")
        native = {"jobId", "percentComplete", "_links"}
        job = answer.json()
        assert job["id"] == job["jobId"] == answer.url.path.rpartition("/")[2]
        assert job["progressPct"] is None
        assert job["links"]["self"]["href"] == answer.url.path
        assert native & job.keys() == {"jobId"}
        [item] = (await site.api.get("/jobs")).json()["items"]
        assert item.keys() == job.keys()


async def test_some_members_are_shown_only(styled: Styled) -> None:
    async with styled(only=["jobId", "status", "result", "error"], members={"jobId": "id"}, omit_null=True) as site:
        queued = await looked(site, "queued")
        assert queued.json().keys() == {"id", "status"}
        await site.complete(queued.json()["id"], {"pages": 3})
        completed = await site.api.get(queued.url.path)
        assert completed.json() == {"id": queued.json()["id"], "status": "completed", "result": {"pages": 3}}


async def test_several_statuses_go_by_one_name(styled: Styled) -> None:
    """And are asked for by it in lists, beside our own names."""
    words = {"queued": "processing", "running": "processing", "cancelling": "processing", "completed": "done"}
    async with styled(statuses=words) as site:
        for status in (*STATUSES[1:], "queued"):
            assert (await looked(site, status)).json()["status"] == words.get(status, status)
        listed = {}
        for asked in ("processing", "queued", "done", "completed", "done,failed"):
            listed[asked] = [job["status"] for job in (await site.api.get("/jobs", params={"status": asked})).json()["items"]]
        assert listed == {
            "processing": ["processing"] * 3,
            "queued": ["processing"],
            "done": ["done"],
            "completed": ["done"],
            "done,failed": ["failed", "done"],
        }
        answer = await site.api.get("/jobs", params={"status": "asleep"})
        assert "processing, done, failed, cancelled" in str(assert_problem(answer, 400, "invalid-parameter")["detail"])


async def test_an_error_is_one_sentence(styled: Styled) -> None:
    async with styled(error="message") as site:
        answer = await looked(site, "failed")
        assert answer.json()["error"] == "no such month"
        assert_problem(await site.api.get(f"{answer.url.path}/result"), 502, "operation-failed")


async def test_links_are_an_array(styled: Styled) -> None:
    async with styled(links="array") as site:
        answer = await looked(site, "queued")
        assert {"rel": "cancel", "href": answer.url.path, "method": "DELETE"} in answer.json()["_links"]


async def test_parts_of_urls_have_other_names_and_links_are_called_like_them(styled: Styled) -> None:
    async with styled(segments={"events": "progress", "result": "results", "retry": "again"}) as site:
        job_id = await site.submit()
        await site.complete(job_id, [1])
        job = (await site.api.get(f"/jobs/{job_id}")).json()
        assert job["resultUrl"] == job["_links"]["results"]["href"] == f"/jobs/{job_id}/results"
        assert (await site.api.get(job["resultUrl"])).json() == [1]
        history = await site.api.get(job["_links"]["progress"]["href"], params={"limit": 1})
        assert history.json()["next"].startswith(f"/jobs/{job_id}/progress?")
        for gone in ("result", "events", "retry"):
            assert (await site.api.get(f"/jobs/{job_id}/{gone}")).status_code == 404
        failed = await site.bring_to("failed")
        again = (await site.api.get(f"/jobs/{failed}")).json()["_links"]["again"]
        assert (await site.api.request(again["method"], again["href"])).status_code == 202


async def test_results_stand_inline_up_to_the_styles_own_limit(tmp_path: Path) -> None:
    """Larger ones than come along with a record, too."""
    large = "x" * 100_000
    for limit, shown in ((0, [None, None]), (200_000, [1, large])):
        (folder := tmp_path / str(limit)).mkdir()
        async with running(folder, style=HttpStyle(inline_limit=limit)) as site:
            for value, seen in zip((1, large), shown, strict=True):
                job_id = await site.submit()
                await site.complete(job_id, value)
                assert (await site.api.get(f"/jobs/{job_id}")).json()["result"] == seen


async def test_a_look_at_a_job_that_ended_leads_to_what_came_of_it(styled: Styled) -> None:
    """A failure is found one hop away, by its own status; a cancelled job has nothing to be led to."""
    async with styled(completed="redirect") as site:
        assert (await looked(site, "cancelled")).json()["status"] == "cancelled"
        completed = await looked(site, "completed")
        assert (completed.status_code, completed.headers["location"]) == (303, f"{completed.url.path}/result")
        assert (await site.api.get(completed.headers["location"])).json() == {"answer": 42}
        failed = await looked(site, "failed")
        assert failed.status_code == 303
        assert_problem(await site.api.get(failed.headers["location"]), 502, "operation-failed")
        assert (await looked(site, "queued")).status_code == 200


async def test_a_look_at_a_completed_job_gives_its_result(styled: Styled) -> None:
    async with styled(completed="body", pending_status=202) as site:
        assert (await looked(site, "failed")).json()["status"] == "failed"
        completed = await looked(site, "completed")
        assert (completed.status_code, completed.json()) == (200, {"answer": 42})
        known = {"If-None-Match": completed.headers["etag"]}
        assert (await site.api.get(completed.url.path, headers=known)).status_code == 304
        job_id = await site.submit()
        await site.complete(job_id, result=site.file_result(b"0123456789"))
        part = await site.api.get(f"/jobs/{job_id}", headers={"Range": "bytes=2-3"})
        assert (part.status_code, part.content) == (206, b"23")


async def test_retry_after_keeps_within_the_styles_bounds(tmp_path: Path) -> None:
    """In headers, in `suggestedNextPollTime`, and where a result is not ready."""
    for bounds, expected in (((5, 5), "5"), ((1, 2), "2"), ((30, 60), "30")):
        (folder := tmp_path / expected).mkdir()
        async with running(folder, style=HttpStyle(retry_after=bounds)) as site:
            answer = await looked(site, "queued")
            assert answer.headers["retry-after"] == expected
            early = await site.api.get(f"{answer.url.path}/result")
            assert early.headers["retry-after"] == expected


async def test_other_media_types_are_read_as_json(styled: Styled) -> None:
    """A browser's `fetch` with a string for a body says text/plain."""
    async with styled(json_types=("application/json", "text/plain")) as site:
        for media_type, status in (("text/plain;charset=UTF-8", 202), ("application/json", 202), ("application/x+json", 415)):
            answer = await site.api.post("/echo", content=b'{"text": "x"}', headers={"Content-Type": media_type})
            assert answer.status_code == status
        bare = site.api.build_request("POST", "/echo", content=b'{"text": "x"}')
        assert_problem(await site.api.send(bare), 415, "unsupported-media-type")


async def test_an_operation_has_a_style_of_its_own_on_every_route(tmp_path: Path) -> None:
    """The whole of it: nothing of the application's is mixed in, but for the parts of URLs."""

    def register(jobs: Coatcheck) -> None:
        @jobs.operation("/own", style=HttpStyle(members={"jobId": "id"}, pending_status=202))
        def own(text: str) -> str:
            return text

    style = HttpStyle(members={"jobId": "key"}, segments={"result": "output"})
    async with running(tmp_path, style=style, also=register) as site:
        accepted = await site.api.post("/own", json={"text": "x"})
        job_id = accepted.json()["id"]
        url = f"/jobs/{job_id}"
        assert (await site.api.get(url)).status_code == 202
        claim = await site.claim(job_id)
        assert (await site.api.delete(url)).json()["id"] == job_id
        await site.store.settle(claim, Failed(BROKEN))
        retried = await site.api.post(f"{url}/retry")
        assert (retried.status_code, retried.json()["id"]) == (202, job_id)
        await site.complete(job_id, 1)
        assert (await site.api.get(url)).json()["resultUrl"] == f"{url}/output"
        other = await site.api.post("/echo", json={"text": "x"})
        items = (await site.api.get("/jobs")).json()["items"]
        assert [item.get("id", item.get("key")) for item in items] == [other.json()["key"], job_id]
        assert ("key" in items[0], "id" in items[1]) == (True, True)


def test_the_parts_of_urls_are_the_applications() -> None:
    jobs = Coatcheck()
    with pytest.raises(ConfigurationError, match=r"give segments= to Coatcheck\(style=…\) instead"):

        @jobs.operation("/own", style=HttpStyle(segments={"result": "output"}))
        def own() -> None: ...


async def test_our_own_style_is_sent_as_it_is(site: Site) -> None:
    assert not NATIVE.own_shape
    assert list((await looked(site, "queued")).json()) == list(MEMBERS)
