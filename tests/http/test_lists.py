"""`GET /jobs` and `GET /jobs/{id}/events`."""

from datetime import UTC, datetime

import pytest

from coatcheck.domain.progress import Progress
from coatcheck.store.contract import LogEntry
from tests.http.site import STATUSES, Site, assert_problem, bearer


async def pages(site: Site, url: str) -> list[list[dict[str, object]]]:
    """Every page from `url` on, followed by `Link: rel="next"`."""
    found = []
    following: str | None = url
    while following is not None:
        answer = await site.api.get(following)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        found.append(body["items"])
        following = body["next"]
        assert answer.links.get("next", {}).get("url") == following
    return found


class TestJobs:
    async def test_jobs_are_listed_newest_first_a_page_at_a_time(self, site: Site) -> None:
        ids = [await site.submit() for _ in range(5)]
        found = await pages(site, "/jobs?limit=2")
        assert [[job["jobId"] for job in page] for page in found] == [[ids[4], ids[3]], [ids[2], ids[1]], [ids[0]]]

    async def test_a_last_page_that_is_full_has_no_next(self, site: Site) -> None:
        for _ in range(2):
            await site.submit()
        assert len(await pages(site, "/jobs?limit=2")) == 1

    async def test_no_jobs_are_an_empty_page(self, site: Site) -> None:
        assert (await site.api.get("/jobs")).json() == {"items": [], "next": None}

    async def test_items_have_the_one_shape_without_their_results(self, site: Site) -> None:
        job_id = await site.bring_to("completed")
        alone = (await site.api.get(f"/jobs/{job_id}")).json()
        (listed,) = (await site.api.get("/jobs")).json()["items"]
        assert listed == {**alone, "result": None}

    async def test_jobs_can_be_chosen_by_status(self, site: Site) -> None:
        ids = {}
        for status in reversed(STATUSES):  # the queued one last, so that nothing else can be claimed
            ids[status] = await site.bring_to(status)
        for status in STATUSES:
            (job,) = (await site.api.get("/jobs", params={"status": status})).json()["items"]
            assert (job["jobId"], job["status"]) == (ids[status], status)
        for query in ("status=queued,failed", "status=queued&status=failed"):
            assert {job["status"] for job in (await site.api.get(f"/jobs?{query}")).json()["items"]} == {"queued", "failed"}

    async def test_jobs_can_be_chosen_by_operation(self, site: Site) -> None:
        await site.submit()
        wanted = await site.submit({"rows": []}, path="/imports")
        assert [job["jobId"] for job in (await site.api.get("/jobs?operation=import_rows")).json()["items"]] == [wanted]
        assert (await site.api.get("/jobs?operation=none")).json()["items"] == []

    async def test_jobs_can_be_chosen_by_age(self, site: Site) -> None:
        old = await site.submit()
        between = datetime.fromtimestamp(site.clock.now() + 30, UTC).isoformat()
        site.clock.ahead += 60
        new = await site.submit()
        after = (await site.api.get("/jobs", params={"createdAfter": between})).json()["items"]
        before = (await site.api.get("/jobs", params={"createdBefore": between.replace("+00:00", "Z")})).json()["items"]
        assert ([job["jobId"] for job in after], [job["jobId"] for job in before]) == ([new], [old])

    async def test_the_next_page_keeps_what_was_asked_for(self, site: Site) -> None:
        for _ in range(2):
            await site.submit({"rows": []}, path="/imports")
            await site.submit()
        found = await pages(site, "/jobs?operation=import_rows&status=queued&limit=1")
        assert [[job["operation"] for job in page] for page in found] == [["import_rows"]] * 2

    @pytest.mark.parametrize(
        "query",
        [
            "limit=0",
            "limit=201",
            "limit=-1",
            "limit=ten",
            "limit=",
            "limit=%EF%BC%95",
            "status=done",
            "status=queued,",
            "createdAfter=yesterday",
            "createdAfter=2026-01-01",
            "createdAfter=2026-01-01T00:00:00",
            "createdBefore=1700000000",
            "cursor=",
            "cursor=x",
            "cursor=%F0%9F%92%A5",
            "cursor=Jy0tIE9SIDE9MQ",
        ],
    )
    async def test_nonsense_is_said_to_be_nonsense(self, site: Site, query: str) -> None:
        answer = await site.api.get(f"/jobs?{query}")
        document = assert_problem(answer, 400, "invalid-parameter")
        assert str(document["detail"]).startswith(query.partition("=")[0])

    async def test_everybody_sees_their_own_and_the_operator_all(self, guarded: Site) -> None:
        """F77: lists are cut in the store, and the cursor of another's job leads nowhere new."""
        ids = {name: await guarded.submit(headers=bearer(name)) for name in ("alice", "bob")}
        for name, job_id in ids.items():
            assert [job["jobId"] for job in (await guarded.api.get("/jobs", headers=bearer(name))).json()["items"]] == [job_id]
        assert len((await guarded.api.get("/jobs", headers=bearer("root"))).json()["items"]) == 2


class TestHistory:
    async def test_the_history_says_what_happened_who_did_it_and_when(self, site: Site) -> None:
        body = (await site.api.get(f"/jobs/{await site.bring_to('failed')}/events")).json()
        rows = body["items"]
        assert [(row["seq"], row["type"], row["status"], row["attempt"]) for row in rows] == [
            (1, "accepted", "queued", 0),
            (2, "started", "running", 1),
            (3, "failed", "failed", 1),
        ]
        assert set(rows[0]) == {"seq", "type", "at", "status", "attempt", "actor", "worker", "reason"}
        assert [row["actor"] for row in rows] == ["everyone", "worker", "worker"]
        assert rows[1]["worker"] == "w"
        assert datetime.fromisoformat(rows[0]["at"]) <= datetime.fromisoformat(rows[2]["at"])
        assert body["next"] is None

    async def test_a_long_history_comes_in_pages(self, site: Site) -> None:
        job_id = await site.submit()
        claim = await site.claim(job_id)
        for percent in range(1, 6):
            await site.store.report(claim, Progress(percent=percent), [LogEntry("info", "row", 0.0)])
        found = await pages(site, f"/jobs/{job_id}/events?limit=5")
        assert [row["seq"] for page in found for row in page] == list(range(1, 13))
        assert [len(page) for page in found] == [5, 5, 2]

    async def test_it_goes_on_after_a_number(self, site: Site) -> None:
        job_id = await site.bring_to("failed")
        assert [row["seq"] for row in (await site.api.get(f"/jobs/{job_id}/events?after=2")).json()["items"]] == [3]
        for beyond in (99, 2**53):
            assert (await site.api.get(f"/jobs/{job_id}/events?after={beyond}")).json() == {"items": [], "next": None}

    @pytest.mark.parametrize(
        "query", ["after=-1", "after=x", "after=9007199254740993", "after=99999999999999999999", "limit=0", "limit=1001"]
    )
    async def test_nonsense_is_said_to_be_nonsense(self, site: Site, query: str) -> None:
        answer = await site.api.get(f"/jobs/{await site.bring_to('queued')}/events?{query}")
        assert_problem(answer, 400, "invalid-parameter")
