"""The same messages over a WebSocket, and what a client may say there."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from coatcheck.domain.outcome import Released
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.progress import Progress
from coatcheck.http.socket import LARGEST, RATE
from coatcheck.store.contract import LogEntry
from tests.http.site import UNKNOWN, Site, bearer, by_bearer, complaints, running
from tests.sse import until

SECRET = "0123456789abcdef0123456789abcdef"
PAGE = "https://app.example"


def url(site: Site, path: str) -> str:
    return str(site.api.base_url).replace("http", "ws", 1).rstrip("/") + path


@asynccontextmanager
async def talking(site: Site, job_id: str, query: str = "", **headers: str) -> AsyncIterator[ClientConnection]:
    async with connect(url(site, f"/jobs/{job_id}/events{query}"), additional_headers=headers, max_size=None) as line:
        yield line


async def message(line: ClientConnection) -> Any:
    return json.loads(await line.recv())


async def rest(line: ClientConnection) -> tuple[list[Any], int | None]:
    """All that still comes, and the code that ends it."""
    came = []
    with suppress(ConnectionClosed):
        async for text in line:
            came.append(json.loads(text))  # noqa: PERF401  those before the end are to be kept
    return came, line.close_code


async def refused(site: Site, path: str, **headers: str) -> tuple[int, str]:
    """Status and kind of the problem with which a client is turned away."""
    with pytest.raises(InvalidStatus) as raised:
        await connect(url(site, path), additional_headers=headers)
    answer = raised.value.response
    return answer.status_code, json.loads(answer.body or b"{}")["type"].rpartition("/")[2]


async def test_a_client_is_told_what_happens_up_to_the_end_and_then_left(site: Site) -> None:
    job_id = await site.submit()
    async with talking(site, job_id) as line:
        first = await message(line)
        assert (first["id"], first["data"]["status"], "event" in first) == (1, "queued", False)
        claim = await site.claim(job_id)
        await site.store.report(claim, Progress(percent=10), [LogEntry("info", "began", 0.0)])
        assert [(await message(line))["id"] for _ in range(3)] == [2, 3, 4]
        await site.store.cancel(job_id, SYSTEM, actor="test")
        await site.store.settle(claim, Released(reason="test"))
        came, code = await rest(line)
        assert (came[-1]["data"]["status"], code) == ("cancelled", 1000)


async def test_who_comes_back_goes_on_after_what_it_has(site: Site) -> None:
    job_id = await site.bring_to("completed")
    async with talking(site, job_id, "?after=1") as line:
        came, code = await rest(line)
        assert ([said["id"] for said in came], code) == ([2, 3], 1000)
    async with talking(site, job_id, "?after=3") as line:
        assert await rest(line) == ([], 1000)


async def test_a_client_can_cancel(site: Site) -> None:
    job_id = await site.bring_to("running")
    async with talking(site, job_id) as line:
        assert (await message(line))["data"]["status"] == "running"
        await line.send('{"cancel": false}')
        await line.send('{"cancel": true}')
        assert (await message(line))["data"]["status"] == "cancelling"
    history = (await site.api.get(f"/jobs/{job_id}/events")).json()["items"]
    assert (history[-1]["type"], history[-1]["actor"]) == ("cancel-requested", "everyone")


async def test_a_ticket_reads_and_does_not_cancel(tmp_path: Path) -> None:
    async with running(tmp_path, authenticate=by_bearer, secret=SECRET) as site:
        job_id = await site.bring_to("running", headers=bearer("ann"))
        ticket = (await site.api.post(f"/jobs/{job_id}/events/ticket", headers=bearer("ann"))).json()["url"]
        async with connect(url(site, ticket), origin="https://anywhere.example") as line:  # type: ignore[arg-type]  # a NewType
            await message(line)
            await line.send('{"cancel": true}')
            said = await message(line)
            assert (said["event"], said["data"]["status"], said["data"]["type"]) == ("problem", 403, "/problems/forbidden")
        assert (await site.api.get(f"/jobs/{job_id}", headers=bearer("ann"))).json()["status"] == "running"


async def test_who_may_not_follow_a_job_is_refused_as_by_http_before_anything_is_told(tmp_path: Path) -> None:
    async with running(tmp_path, authenticate=by_bearer, max_owner_streams=1) as site:
        job_id = await site.submit(headers=bearer("ann"))
        path = f"/jobs/{job_id}/events"
        with complaints() as wrong:
            assert await refused(site, path) == (401, "unauthenticated")
            assert await refused(site, path, **bearer("bob")) == (404, "job-not-found")
            assert await refused(site, f"/jobs/{UNKNOWN}/events", **bearer("ann")) == (404, "job-not-found")
        assert [record.getMessage() for record in wrong] == []
        async with talking(site, job_id, **bearer("ann")) as line:
            await message(line)
            assert await refused(site, path, **bearer("ann")) == (503, "too-many-streams")


async def test_pages_of_other_sites_open_none(tmp_path: Path) -> None:
    """F75: a browser sends cookies along, whoever's page it is that opens a WebSocket."""
    async with running(tmp_path, cors_origins=PAGE, public_url="https://api.example") as site:
        job_id = await site.submit()
        path, here = f"/jobs/{job_id}/events", str(site.api.base_url).rstrip("/")
        for origin in (
            "https://evil.example",
            "null",
            "https://app.example.evil.example",
            f"{here}.evil.example",
            "http://app.example:8080",
            "http://[",
            "",
        ):
            assert await refused(site, path, Origin=origin) == (403, "forbidden"), origin
        for origin in (PAGE, here, "https://api.example"):
            async with talking(site, job_id, Origin=origin) as line:
                assert (await message(line))["id"] == 1


async def test_where_every_page_may_call_us_none_does_so_with_cookies(tmp_path: Path) -> None:
    async with running(tmp_path, cors_origins="*") as site:
        job_id = await site.submit()
        async with talking(site, job_id, Origin="https://any.example") as line:
            assert (await message(line))["id"] == 1
        assert await refused(site, f"/jobs/{job_id}/events", Origin="https://any.example", Cookie="session=1") == (403, "forbidden")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (["x" * (LARGEST + 1)], 1009),
        ([b"\0" * (17 * 1024 * 1024)], 1009),  # more than the server itself takes
        (["not JSON"], 1003),
        (['{"cancel": 1}'], 1003),
        (['{"stop": true}'], 1003),
        ([b"\xff\xfe"], 1003),
        (['{"cancel": false}'] * (RATE.times + 1), 1008),
    ],
)
async def test_what_no_client_should_say_ends_the_conversation(site: Site, said: list[str | bytes], code: int) -> None:
    """F75: and the job, and everybody else, goes on."""
    job_id = await site.submit()
    async with talking(site, job_id) as line:
        await message(line)
        with suppress(ConnectionClosed):
            for text in said:
                await line.send(text)
        await rest(line)
        assert line.close_code == code
    await until(lambda: site.jobs.wiring.streams.count == 0)
    assert (await site.api.get(f"/jobs/{job_id}")).json()["status"] == "queued"


async def test_a_conversation_lives_for_a_while_and_says_where_to_go_on(tmp_path: Path) -> None:
    async with running(tmp_path, stream_life=0.05) as site, talking(site, await site.submit()) as line:
        came, code = await rest(line)
        assert ([said["id"] for said in came], code) == ([1], 1012)


async def test_whoever_leaves_makes_room_at_once(site: Site) -> None:
    async with talking(site, await site.submit()) as line:
        await message(line)
        assert site.jobs.wiring.streams.count == 1
    await until(lambda: (site.jobs.wiring.streams.count, site.jobs.wiring.held.count) == (0, 0))
