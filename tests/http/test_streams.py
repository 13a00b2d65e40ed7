"""Server-sent events: what happens to a job, while it happens."""

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coatcheck import HttpStyle
from coatcheck.domain.event import EVENT_LIMIT
from coatcheck.domain.outcome import Completed, Failed
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.progress import Progress
from coatcheck.feed.message import Message, line
from coatcheck.store.contract import LogEntry
from coatcheck.wire.sse import format_event
from tests.http.site import BROKEN, UNKNOWN, Site, assert_problem, bearer, by_bearer, json_result, running
from tests.sse import ACCEPT, Parser, stream, until

SECRET = "0123456789abcdef0123456789abcdef"
NASTY = [
    "two\nlines",
    "\r",
    "\r\n\r\n",
    "data: forged",
    "id: 99\n\n",
    "event: log\ndata: x\n\n",
    ":",
    "\ufeff",
    "\u2028",
    " leading",
    "\x85",
    "💚",
]


def events_url(job_id: str) -> str:
    return f"/jobs/{job_id}/events"


async def seen(site: Site, job_id: str, **headers: str) -> tuple[str, str]:
    """Id and status of the first message that a reader is sent."""
    async with stream(site.api, events_url(job_id), **headers) as reading:
        first = await reading.next()
        return first.id, first.json["status"]


async def test_a_reader_is_told_how_the_job_stands_and_then_all_that_happens_up_to_its_end(site: Site) -> None:
    job_id = await site.submit()
    async with stream(site.api, events_url(job_id)) as reading:
        first = await reading.next()
        assert (first.id, first.name, first.json["status"], first.json["queuePosition"]) == ("1", "message", "queued", 0)
        claim = await site.claim(job_id)
        assert (await reading.next()).json["status"] == "running"
        await site.store.report(claim, Progress(percent=40, message="half"), [LogEntry("info", "began", 1.5)])
        log, progress = await reading.next(), await reading.next()
        assert (log.id, log.name, log.json) == ("3", "log", {"level": "info", "message": "began", "at": "1970-01-01T00:00:01.500000Z"})
        assert (progress.id, progress.json["percentComplete"], progress.json["message"], progress.json["result"]) == ("4", 40, "half", None)
        await site.store.settle(claim, Completed(json_result({"answer": 42})))
        [last] = await reading.rest()
    assert (last.id, last.json) == ("5", (await site.api.get(f"/jobs/{job_id}")).json())
    assert last.json["result"] == {"answer": 42}
    assert reading.response.headers["content-type"] == "text/event-stream"
    assert reading.response.headers["cache-control"] == "no-cache, no-transform"
    assert reading.response.headers["x-accel-buffering"] == "no"


async def test_the_first_frame_says_when_to_come_back_together_with_data(site: Site) -> None:
    """Clients that take a lone `retry:` for an event without data meet none; each is told another delay."""
    job_id = await site.submit()
    delays = set()
    for _ in range(5):
        async with site.api.stream("GET", events_url(job_id), headers=ACCEPT) as response:
            first = await anext(response.aiter_raw())
        head, *fields = first.decode().splitlines()
        assert head.startswith("retry: ")
        assert [field.partition(":")[0] for field in fields] == ["id", "data", ""]
        delays.add(int(head.removeprefix("retry: ")))
    assert len(delays) > 1
    assert all(1000 <= delay <= 5000 for delay in delays)


async def test_who_comes_back_gets_all_that_has_happened_since_and_nothing_twice(site: Site) -> None:
    job_id = await site.bring_to("completed")
    async with stream(site.api, events_url(job_id), **{"Last-Event-ID": "1"}) as reading:
        came = await reading.rest()
    assert [(event.id, event.json["status"]) for event in came] == [("2", "running"), ("3", "completed")]
    assert came[0].json["completedAt"] is None, "as of then"
    async with stream(site.api, events_url(job_id) + "?after=2") as reading:
        assert [event.id for event in await reading.rest()] == ["3"]
    async with stream(site.api, events_url(job_id) + "?after=0", **{"Last-Event-ID": "2"}) as reading:
        assert [event.id for event in await reading.rest()] == ["3"], "what an EventSource adds is newer than its URL"


async def test_who_has_seen_the_end_is_told_not_to_come_back(site: Site) -> None:
    job_id = await site.bring_to("failed")
    for method in ("GET", "HEAD"):
        answer = await site.api.request(method, events_url(job_id), headers={**ACCEPT, "Last-Event-ID": "3"})
        assert (answer.status_code, answer.content) == (204, b"")
    async with stream(site.api, events_url(job_id)) as reading:
        assert [(event.id, event.json["status"]) for event in await reading.rest()] == [("3", "failed")]


async def test_head_tells_what_a_stream_would_be(site: Site) -> None:
    answer = await site.api.head(events_url(await site.submit()), headers=ACCEPT)
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "text/event-stream", b"")
    assert "content-length" not in answer.headers, "of a stream nobody knows how long it gets"


@pytest.mark.parametrize("accept", ["*/*", "application/json", ""])
async def test_who_does_not_ask_for_a_stream_gets_the_history(site: Site, accept: str) -> None:
    answer = await site.api.get(events_url(await site.submit()), headers={"Accept": accept})
    assert [row["type"] for row in answer.json()["items"]] == ["accepted"]
    assert answer.headers["vary"] == "Accept"


async def test_a_number_that_no_event_has_leads_to_the_present_state(site: Site) -> None:
    """F72: nonsense, the future, another job's: never an error, and never anybody else's job."""
    job_id = await site.bring_to("running")
    for number in ["3", "99", "9" * 15, "9" * 400, "-1", "1.5", "0x1", "1e3", "x", "null", "1,2", "%00", UNKNOWN, "a" * 5000]:
        assert await seen(site, job_id, **{"Last-Event-ID": number}) == ("2", "running"), number
    for number in ["", "%F0%9F%92%9A", "%D9%A1", "-1", "%0A1", "2%00"]:
        async with stream(site.api, f"{events_url(job_id)}?after={number}") as reading:
            assert (await reading.next()).id == "2", number


async def test_a_number_of_ten_megabytes_is_no_number(site: Site) -> None:
    """F72: as far as the server takes such a header at all, and this one does."""
    job_id = await site.bring_to("running")
    assert await seen(site, job_id, **{"Last-Event-ID": "1" * 10_000_000}) == ("2", "running")


async def test_where_something_is_missing_in_between_the_reader_gets_the_present_state(site: Site) -> None:
    """The oldest progress and log events go first. Whoever is not behind them gets all that came after."""
    job_id = await site.submit()
    claim = await site.claim(job_id)
    for _ in range(2):
        await site.store.report(claim, None, [LogEntry("info", "x" * 10, 1.0)] * 700)
    last = 2 + 2 * 700
    assert await seen(site, job_id, **{"Last-Event-ID": "2"}) == (str(last), "running")
    assert await seen(site, job_id, **{"Last-Event-ID": str(last - EVENT_LIMIT - 1)}) == (str(last), "running")
    behind = last - EVENT_LIMIT
    async with stream(site.api, events_url(job_id), **{"Last-Event-ID": str(behind)}) as reading:
        ids = [(await reading.next()).id for _ in range(EVENT_LIMIT)]
    assert ids == [str(number) for number in range(behind + 1, last + 1)]


async def test_whatever_a_run_says_stays_inside_its_event(site: Site) -> None:
    """F73: line breaks and field names in texts end no event, and begin none."""
    job_id = await site.submit()
    claim = await site.claim(job_id)
    for text in NASTY:
        await site.store.report(claim, Progress(message=text), [LogEntry("info", text, 1.0)])
    async with stream(site.api, events_url(job_id), **{"Last-Event-ID": "2"}) as reading:
        came = [await reading.next() for _ in range(2 * len(NASTY))]
    assert [event.json["message"] for event in came] == [text for text in NASTY for _ in range(2)]
    assert [event.id for event in came] == [str(3 + number) for number in range(2 * len(NASTY))]
    assert [event.name for event in came] == ["log", "message"] * len(NASTY)


@given(st.lists(st.text(), max_size=5), st.integers(1, 5))
def test_any_text_comes_out_as_it_went_in_however_the_bytes_are_cut(texts: list[str], size: int) -> None:
    """F73, read by a parser that shares nothing with the writer."""
    written = [msgspec.json.encode({"level": "info", "message": text, "at": 0.0}) for text in texts]
    sent = b"".join(line(number, data).frame for number, data in enumerate(written, 1)) + b"x"
    parser = Parser()
    came = [event for start in range(0, len(sent), size) for event in parser.feed(sent[start : start + size])]
    assert [(event.id, event.name, event.json["message"]) for event in came] == [(str(n), "log", text) for n, text in enumerate(texts, 1)]


def test_a_message_of_a_websocket_is_the_same_as_json() -> None:
    assert json.loads(Message(7, b'{"status":"queued"}').text) == {"id": 7, "data": {"status": "queued"}}
    assert json.loads(Message(8, b"{}", "log").text) == {"id": 8, "event": "log", "data": {}}
    assert format_event(b"{}", retry=5) == b"retry: 5\ndata: {}\n\n"


async def test_a_life_after_the_end_goes_on_in_the_same_numbers(site: Site) -> None:
    """A retry opens a new life: who saw the end of the first reads on, and so does who was before it."""
    job_id = await site.bring_to("failed")
    await site.store.retry(job_id, SYSTEM, actor="test")
    claim = await site.claim(job_id)
    for behind, expected in ((3, ["queued", "running", "failed"]), (1, ["running", "failed", "queued", "running", "failed"])):
        async with stream(site.api, events_url(job_id), **{"Last-Event-ID": str(behind)}) as reading:
            statuses = [(await reading.next()).json["status"] for _ in expected[:-1]]
            if behind == 1:
                assert await site.store.settle(claim, Failed(BROKEN))
                statuses += [event.json["status"] for event in await reading.rest()]
                assert statuses == expected
            else:
                assert statuses == expected[:-1]


async def test_a_quiet_stream_is_kept_open_by_comments(tmp_path: Path) -> None:
    async with running(tmp_path, stream_keep_alive=0.01) as site, stream(site.api, events_url(await site.submit())) as reading:
        await reading.next()
        ended = asyncio.ensure_future(reading.rest())
        await until(lambda: reading.parser.comments > 3)
        ended.cancel()
        await asyncio.wait([ended])


async def test_a_stream_lives_for_a_while_and_nothing_is_lost_between_two(tmp_path: Path) -> None:
    async with running(tmp_path, stream_life=0.05) as site:
        job_id, ids, last = await site.submit(), list[str](), ""
        claim = await site.claim(job_id)
        for number in range(5):
            async with stream(site.api, events_url(job_id), **({"Last-Event-ID": last} if last else {})) as reading:
                await site.store.report(claim, Progress(percent=number))
                ids += [event.id for event in await reading.rest()]
            last = ids[-1]
        assert ids[-1] == "7" or await seen(site, job_id, **{"Last-Event-ID": last})
        assert ids == sorted(set(ids), key=int), "each once, in order"
        assert [int(number) for number in ids[1:]] == list(range(int(ids[0]) + 1, int(ids[-1]) + 1)), "and none left out"


async def test_jobs_are_shown_in_the_style_of_the_application(tmp_path: Path) -> None:
    style = HttpStyle(members={"percentComplete": "progress"}, only=["status", "percentComplete"], statuses={"running": "busy"})
    async with running(tmp_path, style=style) as site:
        job_id = await site.bring_to("running")
        async with stream(site.api, events_url(job_id)) as reading:
            assert (await reading.next()).json == {"status": "busy", "progress": None}


async def test_an_application_can_stream_to_whoever_asks_for_nothing_else(tmp_path: Path) -> None:
    async with running(tmp_path, style=HttpStyle(events="stream", segments={"events": "progress"})) as site:
        url = f"/jobs/{await site.bring_to('completed')}/progress"
        answer = await site.api.get(url)
        assert (answer.headers["content-type"], answer.text.count("data: ")) == ("text/event-stream", 1)
        assert (await site.api.get(url, headers={"Accept": "application/json"})).json()["items"]


async def test_only_so_many_streams_are_open_at_once(tmp_path: Path) -> None:
    """F71: the bound of the process, and how room is made."""
    async with running(tmp_path, max_streams=3) as site, AsyncExitStack() as open_:
        job_id = await site.submit()
        for _ in range(3):
            await (await open_.enter_async_context(stream(site.api, events_url(job_id)))).next()
        refused = await site.api.get(events_url(job_id), headers=ACCEPT)
        assert_problem(refused, 503, "too-many-streams")
        assert int(refused.headers["retry-after"]) >= 5
        await open_.aclose()
        await until(lambda: site.jobs.wiring.streams.count == 0)
        assert await seen(site, job_id) == ("1", "queued")


async def test_an_owner_has_only_so_many_streams_and_takes_no_others(tmp_path: Path) -> None:
    async with running(tmp_path, authenticate=by_bearer, max_owner_streams=1) as site:
        own, other = [await site.submit(headers=bearer(name)) for name in ("ann", "bob")]
        async with stream(site.api, events_url(own), **bearer("ann")) as reading:
            await reading.next()
            assert_problem(await site.api.get(events_url(own), headers={**ACCEPT, **bearer("ann")}), 503, "too-many-streams")
            assert await seen(site, other, **bearer("bob")) == ("1", "queued")
            assert await seen(site, other, **bearer("root")) == ("1", "queued")


async def test_who_may_not_see_a_job_may_not_follow_it(guarded: Site) -> None:
    job_id = await guarded.submit(headers=bearer("ann"))
    assert_problem(await guarded.api.get(events_url(job_id), headers=ACCEPT), 401, "unauthenticated")
    for url, name in ((events_url(job_id), "bob"), (events_url(UNKNOWN), "ann"), (events_url("x"), "ann")):
        assert_problem(await guarded.api.get(url, headers={**ACCEPT, **bearer(name)}), 404, "job-not-found")


async def test_a_page_of_an_allowed_origin_may_read(tmp_path: Path) -> None:
    async with running(tmp_path, cors_origins="https://app.example") as site:
        job_id = await site.submit()
        async with stream(site.api, events_url(job_id), Origin="https://app.example") as reading:
            assert reading.response.headers["access-control-allow-origin"] == "https://app.example"


async def test_whoever_leaves_makes_room_at_once(site: Site) -> None:
    async with stream(site.api, events_url(await site.submit())) as reading:
        await reading.next()
        assert (site.jobs.wiring.streams.count, site.jobs.wiring.held.count) == (1, 1)
    await until(lambda: (site.jobs.wiring.streams.count, site.jobs.wiring.held.count) == (0, 0))
    assert not site.jobs.wiring.feed._channels


async def test_many_readers_of_a_job_cost_the_store_one(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id, asked = await site.submit(), list[int]()
    events = site.store.events

    async def counted(*args: Any, **options: Any) -> Any:
        asked.append(1)
        return await events(*args, **options)

    monkeypatch.setattr(site.store, "events", counted)
    async with AsyncExitStack() as open_:
        readers = [await open_.enter_async_context(stream(site.api, events_url(job_id))) for _ in range(20)]
        for reading in readers:
            await reading.next()
        before = len(asked)
        await site.claim(job_id)
        came = [await reading.next() for reading in readers]
        assert {event.data for event in came} == {came[0].data}
        assert len(asked) - before <= 2, "one, and one for a hint that came late"
