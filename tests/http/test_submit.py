"""`POST {path}`."""

import asyncio
from datetime import datetime

import pytest

from coatcheck.domain.outcome import Released
from coatcheck.domain.owner import SYSTEM
from tests.http.site import Site, assert_problem, stored


async def test_a_request_is_accepted_with_everything_that_following_it_takes(site: Site) -> None:
    """202, Location, Retry-After, Link and the representation (contract §3)."""
    answer = await site.api.post("/echo", json={"text": "hello"})
    body = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == body["statusUrl"] == f"/jobs/{body['jobId']}"
    assert answer.headers["link"] == f'<{body["statusUrl"]}>; rel="status"'
    assert answer.headers["cache-control"] == "no-store"
    assert int(answer.headers["retry-after"]) >= 5
    assert "idempotency-replayed" not in answer.headers
    assert (await site.api.get(answer.headers["location"])).json()["jobId"] == body["jobId"]


async def test_the_representation_of_a_new_job_has_every_member(site: Site) -> None:
    body = (await site.api.post("/echo", json={"text": "hello"})).json()
    created = datetime.fromisoformat(body.pop("createdAt"))
    estimated, looked_at_next = (datetime.fromisoformat(body.pop(name)) for name in ("estimatedCompletionTime", "suggestedNextPollTime"))
    assert created < looked_at_next < estimated
    job_id = body["jobId"]
    assert body == {
        "jobId": job_id,
        "operation": "echo",
        "status": "queued",
        "percentComplete": None,
        "message": None,
        "progressDetail": None,
        "startedAt": None,
        "completedAt": None,
        "notBefore": None,
        "expiresAt": None,
        "cancelRequestedAt": None,
        "queuePosition": 0,
        "attempt": 0,
        "maxAttempts": 1,
        "result": None,
        "resultUrl": None,
        "error": None,
        "statusUrl": f"/jobs/{job_id}",
        "_links": {
            "self": {"href": f"/jobs/{job_id}", "method": "GET"},
            "events": {"href": f"/jobs/{job_id}/events", "method": "GET"},
            "cancel": {"href": f"/jobs/{job_id}", "method": "DELETE"},
        },
    }


async def test_arguments_are_stored_by_name_with_their_defaults_filled_in_by_the_function(site: Site) -> None:
    job_id = await site.submit({"text": "hello", "times": 3})
    claim = await site.claim(job_id)
    operation = site.jobs.registry.find("echo")
    assert operation is not None
    assert operation.parameters.decode(claim.arguments) == {"text": "hello", "times": 3}


@pytest.mark.parametrize(
    ("path", "body", "status", "kind"),
    [
        ("/echo", b"", 400, "malformed-body"),
        ("/echo", b"{", 400, "malformed-body"),
        ("/echo", b'{"text": NaN}', 400, "malformed-body"),
        ("/echo", b'\xef\xbb\xbf{"text": "x"}', 400, "malformed-body"),
        ("/echo", b'{"text": "\xff"}', 400, "malformed-body"),
        ("/imports", b"[" * 100_000, 400, "malformed-body"),
        ("/echo", b'{"text": 1}', 422, "invalid-arguments"),
        ("/echo", b"[]", 422, "invalid-arguments"),
        ("/echo", b'{"text": "x", "txet": "y"}', 422, "invalid-arguments"),
        ("/echo", b'{"text": "\\ud800"}', 422, "invalid-arguments"),
        ("/echo", b'{"text": "\\u0000"}', 422, "invalid-arguments"),
        ("/echo", b'{"text": "x", "times": ' + b"9" * 5000 + b"}", 422, "invalid-arguments"),
    ],
)
async def test_a_body_that_cannot_be_accepted_is_answered_and_nothing_is_stored(
    site: Site, path: str, body: bytes, status: int, kind: str
) -> None:
    """F57, hostile JSON: 400 or 422, never 500, never stored."""
    answer = await site.api.post(path, content=body, headers={"Content-Type": "application/json"})
    assert_problem(answer, status, kind)
    assert await stored(site) == 0


async def test_a_fault_is_pointed_at(site: Site) -> None:
    answer = await site.api.post("/imports", json={"rows": [{"price": 1}, {"price": "dear"}]})
    document = assert_problem(answer, 422, "invalid-arguments")
    faults = document["errors"]
    assert isinstance(faults, list)
    (fault,) = faults
    assert fault["pointer"] == "/rows/1/price"
    assert "int" in fault["detail"]


async def test_a_full_queue_pushes_back_until_there_is_room(site: Site) -> None:
    first = await site.submit({"rows": []}, path="/imports")
    await site.submit({"rows": []}, path="/imports")
    answer = await site.api.post("/imports", json={"rows": []})
    assert_problem(answer, 503, "queue-full")
    assert 1 <= int(answer.headers["retry-after"]) <= 120
    assert await stored(site) == 2
    await site.api.delete(f"/jobs/{first}")
    await site.submit({"rows": []}, path="/imports")


async def test_a_slow_queue_pushes_back_for_longer(site: Site) -> None:
    """From how fast it drains, at most a minute, and up to twice as long so that not all come back at once."""
    await site.submit({}, path="/nightly")
    answer = await site.api.post("/nightly", json={})
    assert_problem(answer, 503, "queue-full")
    assert 60 <= int(answer.headers["retry-after"]) <= 120


async def test_an_operation_has_a_queue_of_its_own(site: Site) -> None:
    for _ in range(2):
        await site.submit({"rows": []}, path="/imports")
    await site.submit()


async def test_a_store_that_cannot_be_reached_is_a_503_that_says_nothing_of_files(site: Site) -> None:
    failures = []
    site.jobs.telemetry.subscribe(lambda event, facts: failures.append((event, facts)))
    await site.store.close()
    try:
        answer = await site.api.post("/echo", json={"text": "hello"})
    finally:
        await site.store.open()
    assert_problem(answer, 503, "store-unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert "jobs.db" not in answer.text
    assert [event for event, _ in failures] == ["request.failed"]
    assert await stored(site) == 0


class TestIdempotency:
    """Contract §7."""

    async def test_a_repeated_request_leads_to_the_same_job(self, site: Site) -> None:
        key = {"Idempotency-Key": '"k-1"'}
        first = await site.api.post("/echo", json={"text": "hello"}, headers=key)
        second = await site.api.post("/echo", json={"text": "hello"}, headers=key)
        assert second.status_code == 202
        assert second.headers["idempotency-replayed"] == "true"
        assert second.headers["location"] == first.headers["location"]
        assert await stored(site) == 1

    async def test_a_bare_key_is_the_same_as_a_quoted_one(self, site: Site) -> None:
        quoted = await site.submit(headers={"Idempotency-Key": '"k-1"'})
        assert await site.submit(headers={"Idempotency-Key": "k-1"}) == quoted

    async def test_the_same_request_differently_written_is_the_same(self, site: Site) -> None:
        """F37: what is compared is the request as it was understood, not its bytes."""
        first = await site.submit(headers={"Idempotency-Key": "k"})
        again = await site.api.post(
            "/echo", content=b'{ "text" : "h\\u0065llo" }', headers={"Idempotency-Key": "k", "Content-Type": "application/json"}
        )
        assert again.json()["jobId"] == first

    async def test_a_replay_shows_the_present_state_and_200_once_it_has_ended(self, site: Site) -> None:
        key = {"Idempotency-Key": "k"}
        job_id = await site.submit(headers=key)
        claim = await site.claim(job_id)
        running = await site.api.post("/echo", json={"text": "hello"}, headers=key)
        assert (running.status_code, running.json()["status"]) == (202, "running")
        await site.jobs.wiring.jobs.cancel(job_id, SYSTEM, actor="test")
        await site.store.settle(claim, Released("cancelled"))
        ended = await site.api.post("/echo", json={"text": "hello"}, headers=key)
        assert (ended.status_code, ended.json()["status"]) == (200, "cancelled")
        assert ended.headers["idempotency-replayed"] == "true"
        assert "retry-after" not in ended.headers

    async def test_a_key_used_with_another_request_is_refused(self, site: Site) -> None:
        """F37: 422, the first job untouched."""
        first = await site.submit(headers={"Idempotency-Key": "k"})
        answer = await site.api.post("/echo", json={"text": "other"}, headers={"Idempotency-Key": "k"})
        assert_problem(answer, 422, "idempotency-key-reused")
        assert (await site.api.get(f"/jobs/{first}")).json()["status"] == "queued"
        assert await stored(site) == 1

    async def test_a_key_belongs_to_one_operation(self, site: Site) -> None:
        await site.submit(headers={"Idempotency-Key": "k"})
        await site.submit({"rows": []}, path="/imports", headers={"Idempotency-Key": "k"})
        assert await stored(site) == 2

    async def test_an_operation_may_require_a_key(self, site: Site) -> None:
        answer = await site.api.post("/payments", json={"amount": 1})
        assert_problem(answer, 400, "idempotency-key-required")
        assert await stored(site) == 0
        await site.submit({"amount": 1}, path="/payments", headers={"Idempotency-Key": "k"})

    @pytest.mark.parametrize("key", ["", '""', "x" * 256, '"' + "x" * 256 + '"'])
    async def test_a_key_has_1_to_255_characters(self, site: Site, key: str) -> None:
        answer = await site.api.post("/echo", json={"text": "hello"}, headers={"Idempotency-Key": key})
        assert_problem(answer, 400, "invalid-parameter")
        assert await stored(site) == 0

    async def test_two_keys_are_one_too_many(self, site: Site) -> None:
        """Taking either would break the promise that the other one stands for."""
        answer = await site.api.post("/echo", json={"text": "hello"}, headers=[("Idempotency-Key", "k"), ("Idempotency-Key", "l")])
        assert_problem(answer, 400, "invalid-parameter")
        assert await stored(site) == 0
        await site.submit(headers=[("Idempotency-Key", "k"), ("Idempotency-Key", '"k"')])

    async def test_many_at_the_same_instant_are_one_job(self, site: Site) -> None:
        """F36: the same key, 64 at once."""
        ids = await asyncio.gather(*(site.submit(headers={"Idempotency-Key": "k"}) for _ in range(64)))
        assert len(set(ids)) == 1
        assert await stored(site) == 1
