"""Many watch jobs, each from where it has got to, and each event is read and made a message of once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import msgspec
import pytest

from coatcheck import Coatcheck
from coatcheck.domain.job import JobRecord
from coatcheck.domain.outcome import Failed, Rescheduled
from coatcheck.domain.progress import Progress
from coatcheck.errors import StoreUnavailable
from coatcheck.feed.channel import WINDOW
from coatcheck.feed.message import Message
from coatcheck.feed.watch import Watch
from coatcheck.http.wiring import Wiring
from coatcheck.store.contract import LogEntry
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.conformance.scenario import COMPLETED, OPERATION, OWNER, RELEASED, TTL, WORKER, present, queued, running
from tests.http.site import BROKEN

PATIENCE = 30.0


async def render(job: JobRecord, *, now: bool) -> bytes:
    """All that a representation shows, but when a life that was over would have been forgotten, which no event tells."""
    hidden = {"version", "worker", "fence", "crashes", "failures", "not_before", "expires_at"}
    shown = {name: getattr(job, name) for name in job.__struct_fields__ if name not in hidden}
    return msgspec.json.encode(shown)


class Site:
    """An open application, and those who watch."""

    def __init__(self, wiring: Wiring, stack: ExitStack) -> None:
        self.wiring, self.store, self.feed = wiring, wiring.store, wiring.feed
        self.told: list[str] = []
        self._stack = stack
        wiring.telemetry.subscribe(lambda event, _: self.told.append(event))

    async def watch(self, job_id: str, after: int | None = None) -> Watch:
        job = await present(self.store, job_id)
        return self._stack.enter_context(self.feed.watching(job, render, after=after))


@asynccontextmanager
async def opened(url: str, **options: Any) -> AsyncIterator[Site]:
    async with Coatcheck(store=url, **options).opened() as wiring:
        with ExitStack() as stack:
            yield Site(wiring, stack)


async def read(watch: Watch, up_to: int) -> list[Message]:
    """Messages up to the event of that number."""
    came: list[Message] = []
    while watch.cursor is None or watch.cursor < up_to:
        messages = await watch.messages(PATIENCE)
        assert messages, "nothing came"
        came += messages
        watch.cursor = messages[-1].seq
    return came


def seqs(messages: Sequence[Message]) -> list[int]:
    return [message.seq for message in messages]


async def live_a_little(site: Site, job_id: str) -> int:
    """Nearly everything that can happen to a job; how many events that makes."""
    for number in range(2):
        [claim] = await site.store.claim(WORKER, [OPERATION], 1)
        await site.store.report(claim, Progress(percent=number, message="a"), [LogEntry("info", f"line {number}", 1.0)] * 2)
        await site.store.report(claim, Progress(percent=30, current=3, total=10, unit="row"), [])
        await site.store.settle(claim, Rescheduled(problem=BROKEN, delay=0.0) if number else RELEASED)
    [claim] = await site.store.claim(WORKER, [OPERATION], 1)
    await site.store.settle(claim, Failed(BROKEN))
    await site.store.retry(job_id, OWNER, actor=OWNER)
    [claim] = await site.store.claim(WORKER, [OPERATION], 1)
    await site.store.report(claim, Progress(percent=50), [])
    await site.store.cancel(job_id, OWNER, actor=OWNER)
    job = await site.store.settle(claim, COMPLETED)
    assert job is not None
    return job.last_event


async def test_what_is_read_again_is_what_was_told_at_the_time(empty_store: str) -> None:
    """Whoever comes back, however far behind, is told the same as who was there all the time."""
    async with opened(empty_store) as site:
        job = await queued(site.store)
        there = await site.watch(job.id)
        told = await read(there, 1)
        last = await live_a_little(site, job.id)
        await read(await site.watch(job.id, last - 1), last)  # who watches is told of the end of a life, and is over with that
        told += await read(there, last)
        assert seqs(told) == list(range(1, last + 1))
        for after in range(last):
            again = await read(await site.watch(job.id, after), last)
            assert [message.data for message in again] == [message.data for message in told[after:]]
        assert there.over
    async with opened(empty_store) as site:
        assert [message.data for message in await read(await site.watch(job.id, 0), last)] == [message.data for message in told]
        assert (await read(await site.watch(job.id), last))[0].data == told[-1].data


async def test_all_who_watch_are_given_the_same_messages(empty_store: str) -> None:
    async with opened(empty_store) as site:
        claim = await running(site.store)
        watches = [await site.watch(claim.job_id) for _ in range(50)]
        assert len({id(message) for watch in watches for message in await read(watch, 2)}) == 1
        await site.store.report(claim, Progress(percent=1), [])
        assert len({id(message) for watch in watches for message in await read(watch, 3)}) == 1


async def test_who_was_cut_off_is_given_the_same_messages_as_all_others_who_come_back(empty_store: str) -> None:
    """F71: a thousand who come back at once after a restart make one reading of the history."""
    async with opened(empty_store) as site:
        claim = await running(site.store)
        await site.store.report(claim, None, [LogEntry("info", "x", 1.0)] * 50)
    async with opened(empty_store) as site:
        watches = [await site.watch(claim.job_id, after) for after in (10, 10, 20, 50, 10)]
        came = [await read(watch, 52) for watch in watches]
        assert [seqs(messages)[0] for messages in came] == [11, 11, 21, 51, 11]
        assert len({id(message) for messages in came for message in messages}) == 42


async def test_who_is_far_behind_catches_up_in_parts(empty_store: str) -> None:
    """Slow readers have nothing kept for them, and miss nothing that is still on file."""
    async with opened(empty_store) as site:
        claim = await running(site.store)
        slow, quick = await site.watch(claim.job_id), await site.watch(claim.job_id)
        await read(slow, 2)
        await read(quick, 2)
        for number in range(3):
            await site.store.report(claim, Progress(percent=number), [LogEntry("info", "x", 1.0)] * WINDOW)
            await read(quick, 2 + (number + 1) * (WINDOW + 1))
        last = quick.cursor
        assert last is not None
        parts = await slow.messages(PATIENCE)
        assert seqs(parts) == list(range(3, 3 + WINDOW))
        slow.cursor = parts[-1].seq
        assert seqs(await read(slow, last)) == list(range(3 + WINDOW, last + 1))
        [channel] = [channel for channel, _ in site.feed._channels.values()]
        assert len(channel._window) == WINDOW


async def test_who_misses_what_is_gone_is_told_how_the_job_stands(empty_store: str) -> None:
    async with opened(empty_store) as site:
        claim = await running(site.store)
        slow = await site.watch(claim.job_id)
        await read(slow, 2)
        for _ in range(3):
            await site.store.report(claim, Progress(percent=7), [LogEntry("info", "x", 1.0)] * 500)
        quick = await site.watch(claim.job_id)
        await read(quick, 1505)
        [only] = await slow.messages(PATIENCE)
        assert (only.seq, only.name, msgspec.json.decode(only.data)["progress"]["percent"]) == (1505, "", 7)


async def test_what_another_process_has_told_already_is_not_told_again(empty_store: str) -> None:
    """Who comes from there may be ahead of what has been read here: here is read on before it is told anything."""
    async with opened(empty_store) as site, opened(empty_store) as elsewhere:
        claim = await running(site.store)
        await read(await site.watch(claim.job_id), 2)
        site.wiring.hints.close()
        await elsewhere.store.report(claim, Progress(percent=1), [])
        watch = await site.watch(claim.job_id, 3)
        await elsewhere.store.report(claim, Progress(percent=2), [])
        site.wiring.hints._ring()
        assert seqs(await read(watch, 4)) == [4]


async def test_watching_goes_on_while_the_store_is_out_of_reach(empty_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told to the operators, and to nobody who watches; nothing is missed."""
    async with opened(empty_store, poll_interval=0.01) as site:
        claim = await running(site.store)
        watch = await site.watch(claim.job_id)
        await read(watch, 2)

        async def away(*_: Any, **__: Any) -> Any:
            raise StoreUnavailable

        with monkeypatch.context() as patched:
            patched.setattr(site.store, "events", away)
            await site.store.report(claim, Progress(percent=1), [])
            while "service.failed" not in site.told:
                assert not await watch.messages(0.01)
        assert seqs(await read(watch, 3)) == [3]


async def test_a_job_that_is_no_more_is_watched_no_longer(empty_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """F74: it ended and was removed while nobody here looked, as in a process that was frozen for a day."""
    clock = FakeClock()
    async with opened(empty_store, clock=clock) as site:
        claim = await running(site.store)
        watch = await site.watch(claim.job_id)
        await read(watch, 2)

        async def away(*_: Any, **__: Any) -> Any:
            raise StoreUnavailable

        with monkeypatch.context() as frozen:
            frozen.setattr(site.store, "standing", away)
            frozen.setattr(site.store, "events", away)
            await site.store.settle(claim, COMPLETED)
            clock.advance(TTL + 1)
            await site.store.prune()
        site.wiring.hints._ring()
        assert await watch.messages(PATIENCE) == ()
        assert watch.over


async def test_a_life_begun_anew_is_watched_by_who_has_not_seen_the_end(empty_store: str) -> None:
    async with opened(empty_store) as site:
        claim = await running(site.store)
        quick, slow = await site.watch(claim.job_id), await site.watch(claim.job_id)
        await read(quick, 2)
        await read(slow, 2)
        await site.store.settle(claim, Failed(BROKEN))
        await read(quick, 3)
        assert quick.over
        assert not slow.over
        await site.store.retry(claim.job_id, OWNER, actor=OWNER)
        await read(await site.watch(claim.job_id, 3), 4)
        assert seqs(await read(slow, 4)) == [3, 4]
        assert not slow.over


async def test_whoever_stops_is_told_nothing_more_and_leaves_nothing_behind(empty_store: str) -> None:
    async with opened(empty_store) as site:
        job = await queued(site.store)
        watch = await site.watch(job.id)
        await read(watch, 1)
        waiting = asyncio.create_task(watch.messages(PATIENCE))
        asyncio.get_running_loop().call_soon(watch.stop)
        assert await waiting == ()
        assert watch.over
        site._stack.close()
        assert site.feed._channels == {}


async def test_progress_is_told_soon_though_no_store_need_hint_at_it(empty_store: str) -> None:
    """PostgreSQL tells nobody of it, which would hold up all commits: while somebody watches, it is looked for."""
    async with opened(empty_store, poll_interval=3600.0) as site:
        claim = await running(site.store)
        watch = await site.watch(claim.job_id)
        await read(watch, 2)
        for percent in range(3):
            await site.store.report(claim, Progress(percent=percent), [])
            assert seqs(await read(watch, 3 + percent)) == [3 + percent]
