"""URLs that let their bearer follow one job, in place of credentials."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.http.site import UNKNOWN, Site, assert_problem, bearer, by_bearer, running
from tests.sse import ACCEPT, stream

SECRET = "0123456789abcdef0123456789abcdef"
ANN = bearer("ann")


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with running(tmp_path, authenticate=by_bearer, secret=SECRET) as site:
        yield site


async def made(site: Site, job_id: str) -> dict[str, Any]:
    answer = await site.api.post(f"/jobs/{job_id}/events/ticket", headers=ANN)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    ticket: dict[str, Any] = answer.json()
    return ticket


async def test_a_ticket_lets_its_bearer_follow_the_job_and_says_until_when(site: Site) -> None:
    job_id = await site.submit(headers=ANN)
    ticket = await made(site, job_id)
    assert set(ticket) == {"url", "expiresAt"}
    async with stream(site.api, ticket["url"]) as reading:
        assert (await reading.next()).json["jobId"] == job_id
    site.clock.ahead += 3601
    answer = await site.api.get(ticket["url"], headers=ACCEPT)
    assert_problem(answer, 401, "unauthenticated")
    assert "expired" in answer.json()["detail"]


async def test_a_ticket_is_good_for_reading_the_events_of_its_job_and_for_nothing_else(site: Site) -> None:
    job_id, other = await site.submit(headers=ANN), await site.submit(headers=ANN)
    url = (await made(site, job_id))["url"]
    _, _, query = url.partition("?")
    for path in (f"/jobs/{other}/events", f"/jobs/{UNKNOWN}/events", "/jobs/x/events"):
        assert_problem(await site.api.get(f"{path}?{query}", headers=ACCEPT), 401, "unauthenticated")
    for method, path in (
        ("GET", f"/jobs/{job_id}"),
        ("DELETE", f"/jobs/{job_id}"),
        ("GET", f"/jobs/{job_id}/events"),
        ("POST", f"/jobs/{job_id}/events/ticket"),
    ):
        assert_problem(await site.api.request(method, f"{path}?{query}"), 401, "unauthenticated")


async def test_no_ticket_but_ours_is_taken(site: Site) -> None:
    job_id = await site.submit(headers=ANN)
    url = (await made(site, job_id))["url"]
    path, _, ticket = url.partition("?ticket=")
    expires, _, signature = ticket.partition(".")
    forged = [
        f"{int(expires) + 1}.{signature}",
        f"{expires}.{'0' * 64}",
        f"{expires}.{signature[:-1]}",
        expires,
        "",
        ".",
        f"{expires}.{signature}0",
        "\u0661.x",
        "9" * 5000,
    ]
    for text in forged:
        assert_problem(await site.api.get(path, params={"ticket": text}, headers={**ACCEPT, **ANN}), 401, "unauthenticated")


async def test_a_stream_ends_with_its_ticket(site: Site) -> None:
    """F74."""
    job_id = await site.submit(headers=ANN)
    url = (await made(site, job_id))["url"]
    site.clock.ahead += 3598.5
    async with stream(site.api, url) as reading:
        assert [event.json["status"] for event in await reading.rest()] == ["queued"]


async def test_only_who_may_see_a_job_gets_a_ticket(site: Site) -> None:
    job_id = await site.submit(headers=ANN)
    assert_problem(await site.api.post(f"/jobs/{job_id}/events/ticket", headers=bearer("bob")), 404, "job-not-found")


async def test_a_secret_can_be_replaced_while_tickets_of_the_old_one_are_about(site: Site, tmp_path: Path) -> None:
    job_id = await site.submit(headers=ANN)
    url = (await made(site, job_id))["url"]
    async with running(tmp_path, authenticate=by_bearer, secret=f"{SECRET[::-1]},{SECRET}") as later, stream(later.api, url) as reading:
        assert reading.response.status_code == 200
    async with running(tmp_path, authenticate=by_bearer, secret=SECRET[::-1]) as later:
        assert_problem(await later.api.get(url, headers=ACCEPT), 401, "unauthenticated")


async def test_without_a_secret_there_are_no_tickets_and_it_is_said_why(guarded: Site) -> None:
    job_id = await guarded.submit(headers=ANN)
    answer = await guarded.api.post(f"/jobs/{job_id}/events/ticket", headers=ANN)
    assert_problem(answer, 501, "not-configured")
    assert "COATCHECK_SECRET" in answer.json()["detail"]
    assert_problem(await guarded.api.get(f"/jobs/{job_id}/events?ticket=9999999999.{'0' * 64}", headers=ACCEPT), 401, "unauthenticated")
