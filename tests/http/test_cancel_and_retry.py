"""`DELETE /jobs/{id}` and `POST /jobs/{id}/retry`."""

import pytest

from coatcheck.domain.outcome import Completed, Released
from tests.http.site import Site, assert_problem, json_result


class TestCancel:
    async def test_a_queued_job_is_cancelled_at_once(self, site: Site) -> None:
        job_id = await site.bring_to("queued")
        answer = await site.api.delete(f"/jobs/{job_id}")
        assert (answer.status_code, answer.content) == (204, b"")
        assert (await site.api.get(f"/jobs/{job_id}")).json()["status"] == "cancelled"
        assert not await site.store.claim("w", ["echo"], 1)

    async def test_a_running_job_is_asked_to_stop_and_no_204_is_given_until_it_has(self, site: Site) -> None:
        job_id = await site.submit()
        claim = await site.claim(job_id)
        for _ in range(2):  # again while it is stopping: the same
            answer = await site.api.delete(f"/jobs/{job_id}")
            assert (answer.status_code, answer.json()["status"]) == (202, "cancelling")
            assert int(answer.headers["retry-after"]) >= 5
            assert answer.headers["location"] == f"/jobs/{job_id}"
            assert answer.json()["cancelRequestedAt"] is not None
        await site.store.settle(claim, Released("it was cancelled"))
        assert (await site.api.delete(f"/jobs/{job_id}")).status_code == 204

    async def test_a_run_that_still_returned_has_completed(self, site: Site) -> None:
        job_id = await site.submit()
        claim = await site.claim(job_id)
        await site.api.delete(f"/jobs/{job_id}")
        await site.store.settle(claim, Completed(json_result(1)))
        assert_problem(await site.api.delete(f"/jobs/{job_id}"), 409, "job-already-finished")

    @pytest.mark.parametrize("status", ["completed", "failed"])
    async def test_there_is_nothing_to_cancel_in_an_ended_job(self, site: Site, status: str) -> None:
        job_id = await site.bring_to(status)
        assert_problem(await site.api.delete(f"/jobs/{job_id}"), 409, "job-already-finished")
        assert (await site.api.get(f"/jobs/{job_id}")).json()["status"] == status

    async def test_who_cancelled_stands_in_the_history(self, guarded: Site) -> None:
        alice = {"Authorization": "Bearer alice"}
        job_id = await guarded.submit(headers=alice)
        await guarded.api.delete(f"/jobs/{job_id}", headers={"Authorization": "Bearer root"})
        rows = (await guarded.api.get(f"/jobs/{job_id}/events", headers=alice)).json()["items"]
        assert [(row["type"], row["actor"]) for row in rows] == [("accepted", "alice"), ("cancelled", "system")]


class TestRetry:
    @pytest.mark.parametrize("status", ["failed", "cancelled"])
    async def test_a_failed_or_cancelled_job_gets_a_new_life(self, site: Site, status: str) -> None:
        job_id = await site.bring_to(status)
        answer = await site.api.post(f"/jobs/{job_id}/retry")
        assert (answer.status_code, answer.json()["status"], answer.json()["error"]) == (202, "queued", None)
        assert int(answer.headers["retry-after"]) >= 5
        assert answer.headers["location"] == f"/jobs/{job_id}"
        await site.complete(job_id)

    @pytest.mark.parametrize("status", ["queued", "running", "cancelling", "completed"])
    async def test_any_other_is_left_alone(self, site: Site, status: str) -> None:
        job_id = await site.bring_to(status)
        assert_problem(await site.api.post(f"/jobs/{job_id}/retry"), 409, "job-not-retryable")
        assert (await site.api.get(f"/jobs/{job_id}")).json()["status"] == status
