"""Functions that raise or return what nobody expects: the job fails with a name to it, and the worker goes on.

The faults F45, F46 and F54: exceptions of every odd kind, and results that are no JSON.
"""

import asyncio
from typing import Any, Never

import msgspec
import pytest

from coatcheck import Job
from coatcheck.context import MAX_LEVEL
from coatcheck.domain.event import EventType
from coatcheck.domain.problem import MAX_DETAIL
from coatcheck.domain.progress import MAX_MESSAGE, MAX_UNIT
from coatcheck.domain.result import STORED_LIMIT
from coatcheck.worker.conclude import CHAIN
from tests.worker.hostile import NO_JSON, ODD, Opaque, title
from tests.worker.site import Site


@pytest.mark.parametrize("name", [name for name in ODD if name != "StopAsyncIteration"])
async def test_whatever_an_async_function_raises_fails_its_job_alone(site: Site, name: str) -> None:
    @site.jobs.operation("/raise")
    async def hostile() -> None:
        raise ODD[name]()  # noqa: RSE102  it makes one

    await _fails_alone(site, hostile, name)


@pytest.mark.parametrize("name", [*ODD, "StopIteration"])
async def test_whatever_a_plain_function_raises_fails_its_job_alone(site: Site, name: str) -> None:
    @site.jobs.operation("/raise")
    def hostile() -> None:
        raise StopIteration if name == "StopIteration" else ODD[name]()

    await _fails_alone(site, hostile, name)


@pytest.mark.parametrize("how", ["cause", "context"])
async def test_of_a_long_chain_of_errors_the_nearest_are_kept(site: Site, how: str) -> None:
    """F45: the trace of all of them would hold up the worker, and the log."""

    @site.jobs.operation("/raise")
    def hostile() -> None:
        error = ValueError("first")
        for _ in range(2 * CHAIN):
            later = ValueError("later")
            setattr(later, f"__{how}__", error)
            error = later
        raise error

    handle = await hostile.submit()
    await site.work()
    assert (await site.failure(handle)).detail == "later"
    link, links = (await site.signals.told("job.failed", job=handle.id))["error"], 0
    while link is not None:
        link, links = link.__cause__ or link.__context__, links + 1
    assert links == CHAIN


@pytest.mark.parametrize("name", ["SystemExit", "KeyboardInterrupt"])
async def test_what_a_task_of_the_function_raises_does_not_end_the_event_loop(site: Site, name: str) -> None:
    """The two that asyncio lets through to whoever runs the loop: the next job needs it still."""
    error = ODD[name]()

    async def end() -> Never:
        raise error

    @site.jobs.operation("/raise")
    async def hostile() -> None:
        await asyncio.create_task(end())

    await _fails_alone(site, hostile, name)


@pytest.mark.parametrize("kind", ["async", "thread"])
async def test_a_run_without_enough_memory_fails_with_a_kind_of_its_own(site: Site, kind: str) -> None:
    """F50: as in a process, though here there is no limit but the machine's."""
    if kind == "async":

        @site.jobs.operation("/hog", name="hog")
        async def hog() -> int:
            return len(bytearray(1 << 60))
    else:

        @site.jobs.operation("/hog", name="hog")
        def hog() -> int:
            return len(bytearray(1 << 60))

    handle = await hog.submit()
    await site.work()
    assert (await site.failure(handle)).kind == "memory-exhausted"


async def _fails_alone(site: Site, hostile: Any, name: str) -> None:
    @site.jobs.operation("/echo")
    async def echo(text: str) -> str:
        return text

    handle = await hostile.submit()
    await site.work()
    problem = await site.failure(handle)
    assert (problem.kind, problem.title) == ("operation-failed", title(name))
    assert len(problem.detail or "") <= MAX_DETAIL
    assert await (await echo.submit("still here")).result() == "still here"
    assert (await handle.job()).crashes == 0


@pytest.mark.parametrize("value", NO_JSON.values(), ids=NO_JSON)
@pytest.mark.parametrize("kind", ["async", "thread"])
async def test_a_result_without_a_json_form_fails_the_job_for_good(site: Site, value: Any, kind: str) -> None:
    if kind == "async":

        @site.jobs.operation("/odd", name="odd", retries=5)
        async def odd() -> Any:
            return value
    else:

        @site.jobs.operation("/odd", name="odd", retries=5)
        def odd() -> Any:
            return value

    handle = await odd.submit()
    await site.work()
    problem = await site.failure(handle)
    assert (problem.kind, problem.status) == ("result-not-serialisable", 500)
    assert (await handle.job()).attempt == 1


async def test_a_result_that_is_too_large_fails_the_job_and_says_what_to_do(site: Site) -> None:
    @site.jobs.operation("/large", retries=5)
    def large() -> str:
        return "x" * STORED_LIMIT

    handle = await large.submit()
    await site.work()
    problem = await site.failure(handle)
    assert problem.kind == "result-too-large"
    assert "Return a file instead" in (problem.detail or "")


async def test_progress_in_odd_numbers_and_words_is_stored_as_plain_ones(site: Site) -> None:
    """Whatever is said goes into the same transaction as the ending: none of it may be in the way."""
    from decimal import Decimal
    from fractions import Fraction

    @site.jobs.operation("/odd")
    def odd(job: Job) -> str:
        job.progress(current=Decimal("1.5"), total=Fraction(3), message=ValueError("half\ud800"), unit=Opaque)  # type: ignore[arg-type]
        job.log(OSError("written\ud800"), level=Opaque)  # type: ignore[arg-type]
        job.log("x" * 1_000_000)
        return "done"

    handle = await odd.submit()
    await site.work()
    assert await handle.result() == "done"
    progress = (await handle.job()).progress
    assert (progress.current, progress.total, progress.message) == (1.5, 3.0, "half?")


async def test_whatever_is_said_is_bounded(site: Site) -> None:
    @site.jobs.operation("/much")
    def much(job: Job) -> str:
        job.progress(1, "m" * 1_000_000, unit="u" * 1_000_000)
        job.log("l" * 1_000_000, level="v" * 1_000_000)
        return "done"

    handle = await much.submit()
    await site.work()
    assert await handle.result() == "done"
    progress = (await handle.job()).progress
    assert (len(progress.message or ""), len(progress.unit or "")) == (MAX_MESSAGE, MAX_UNIT)
    [entry] = [msgspec.json.decode(event.data or b"") for event in await site.events(handle) if event.type is EventType.LOG]
    assert (len(entry["message"]), len(entry["level"])) == (MAX_DETAIL, MAX_LEVEL)


async def test_what_cannot_be_recorded_still_ends_the_job(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should a store refuse an ending for a reason nobody thought of, the job does not stay running for ever."""
    settle = site.store.settle_all
    refusals = iter([TypeError("cannot be bound")])

    async def refuse_once(endings: Any) -> Any:
        for error in refusals:
            raise error
        return await settle(endings)

    monkeypatch.setattr(site.store, "settle_all", refuse_once)

    @site.jobs.operation("/echo")
    def echo(text: str) -> str:
        return text

    handle = await echo.submit("hello")
    await site.work()
    problem = await site.failure(handle)
    assert "could not be recorded: cannot be bound" in (problem.detail or "")
