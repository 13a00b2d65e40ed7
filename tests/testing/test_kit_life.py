"""What a test kit begins, it undoes."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coatcheck import Coatcheck
from coatcheck.errors import ConfigurationError, StoreUnavailable
from coatcheck.testing import inline, manual
from coatcheck.testing.signals import Signals
from tests.testing.shop import Shop, outcome

MODES = pytest.mark.parametrize("mode", [inline, manual])


def left(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def file_of(store: str) -> Path:
    return Path(store.removeprefix("sqlite:///"))


@MODES
async def test_the_application_is_as_it_was_and_its_folder_empty(shop: Shop, tmp_path: Path, mode: Callable[[Coatcheck], Any]) -> None:
    settings, wiring, threads = shop.jobs.settings, shop.jobs.wiring, set(threading.enumerate())
    async with mode(shop.jobs) as kit:
        await shop.receipt.submit()
        await kit.drain()
        assert shop.jobs.settings.store == kit.store
        assert left(file_of(kit.store).parent)
    assert shop.jobs.settings is settings
    assert shop.jobs.wiring is wiring
    assert left(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        left(file_of(kit.store).parent)
    assert [thread for thread in set(threading.enumerate()) - threads if thread.name.startswith("coatcheck")] == []
    with pytest.raises(StoreUnavailable):
        await shop.price.submit("tea")


async def test_after_an_error_in_the_block_it_is_as_well(shop: Shop) -> None:
    wiring = shop.jobs.wiring
    with pytest.raises(ZeroDivisionError):
        async with inline(shop.jobs):
            raise ZeroDivisionError
    assert shop.jobs.wiring is wiring


async def test_the_files_a_job_leaves_are_in_the_temporary_folder(shop: Shop, tmp_path: Path) -> None:
    """Wherever the application itself is set to keep them."""
    jobs = Shop(tmp_path, blobs=str(tmp_path / "files"))
    async with inline(jobs.jobs) as kit:
        content = await outcome(await jobs.receipt.submit())
        assert content.body.is_relative_to(file_of(kit.store).parent)


async def test_each_block_begins_with_nothing(shop: Shop) -> None:
    async with manual(shop.jobs):
        await shop.price.submit("tea")
    async with manual(shop.jobs) as kit:
        assert await kit.drain() == []
    async with inline(shop.jobs):
        assert await outcome(await shop.price.submit("milk")) == (4, 99)


async def test_one_kit_within_another_is_refused(shop: Shop) -> None:
    async with inline(shop.jobs):
        wiring = shop.jobs.wiring
        with pytest.raises(ConfigurationError, match="one kit at a time"):
            async with manual(shop.jobs):
                raise AssertionError("entered")
        assert shop.jobs.wiring is wiring
        assert await outcome(await shop.price.submit("tea")) == (3, 99)


async def test_an_application_that_is_open_is_refused(shop: Shop) -> None:
    """Its worker would go on with the jobs of its own store."""
    async with shop.jobs.opened():
        with pytest.raises(ConfigurationError, match="before the lifespan"):
            async with inline(shop.jobs):
                raise AssertionError("entered")


def test_an_application_that_its_portal_opened_is_refused_until_that_is_closed(shop: Shop) -> None:
    shop.jobs.portal.call(shop.price.submit, "tea")
    with pytest.raises(ConfigurationError, match=r"portal\.close"), inline(shop.jobs):
        raise AssertionError("entered")
    shop.jobs.portal.close()
    with inline(shop.jobs):
        shop.jobs.portal.call(shop.price.submit, "milk")
        assert shop.noted == ["milk"]
    shop.jobs.portal.close()


async def test_the_lifespan_within_opens_nothing_else(shop: Shop, tmp_path: Path) -> None:
    async with inline(shop.jobs):
        async with shop.jobs.lifespan():
            assert await outcome(await shop.price.submit("tea")) == (3, 99)
        assert await outcome(await shop.price.submit("milk")) == (4, 99)
    assert left(tmp_path) == []


async def test_two_applications_are_tested_side_by_side(tmp_path: Path) -> None:
    """In threads of one process, and on loops of their own."""
    shops, meet = [Shop(tmp_path), Shop(tmp_path)], threading.Barrier(2)

    async def test(shop: Shop, item: str) -> Any:
        async with inline(shop.jobs) as kit:
            await asyncio.to_thread(meet.wait, 30)
            result = await outcome(await shop.price.submit(item))
            await asyncio.to_thread(meet.wait, 30)
            return result, kit.store, shop.noted

    def in_thread(shop: Shop, item: str) -> Any:
        return asyncio.run(test(shop, item))

    (one, store, noted), (two, other, others) = await asyncio.gather(
        asyncio.to_thread(in_thread, shops[0], "a"), asyncio.to_thread(in_thread, shops[1], "bb")
    )
    assert (one, two) == ((1, 99), (2, 99))
    assert (noted, others) == (["a"], ["bb"])
    assert store != other


async def test_the_application_s_subscribers_hear_what_happens(shop: Shop) -> None:
    signals = Signals(shop.jobs.telemetry)
    async with inline(shop.jobs):
        handle = await shop.price.submit("tea")
    assert len(signals.all("job.completed", job=handle.id)) == 1


async def test_an_operation_registered_within_the_block_is_run(shop: Shop) -> None:
    async with inline(shop.jobs):

        @shop.jobs.operation("/late", isolation="process")
        def late() -> str:
            return "here"

        assert await outcome(await late.submit()) == "here"


async def test_what_still_runs_at_the_end_is_stopped(tmp_path: Path) -> None:
    """At once, whatever grace it is given in production."""
    shop = Shop(tmp_path, grace=3600)
    async with manual(shop.jobs) as kit:
        await shop.hang.submit()
        running = asyncio.ensure_future(kit.run())
        await asyncio.to_thread(shop.started.wait)
    assert shop.noted == ["stopped"]
    assert (await running).status == "queued"


async def test_a_resource_that_cannot_be_opened_is_told_to_who_asked_for_a_run(shop: Shop) -> None:
    @shop.jobs.resource()
    async def broken() -> Any:
        raise OSError("no such server")
        yield

    async with inline(shop.jobs):
        with pytest.raises(OSError, match="no such server"):
            await shop.price.submit("tea")
    async with manual(shop.jobs) as kit:
        await shop.price.submit("tea")
        with pytest.raises(OSError, match="no such server"):
            await kit.run()


def test_a_failure_of_entering_leaves_nothing_behind(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    wiring, threads = shop.jobs.wiring, set(threading.enumerate())

    def lifespan(app: object = None) -> Any:
        raise OSError("no lifespan")

    monkeypatch.setattr(shop.jobs, "lifespan", lifespan)
    with pytest.raises(OSError, match="no lifespan"), inline(shop.jobs):
        raise AssertionError("entered")
    assert shop.jobs.wiring is wiring
    assert set(threading.enumerate()) <= threads
