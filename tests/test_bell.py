"""Sleeping until somebody, in any thread, says that there may be something to do."""

import asyncio

import pytest

from coatcheck.bell import Bell

NEVER = 3600.0
"""Seconds that no test waits."""


async def test_a_ring_wakes_the_sleeper() -> None:
    bell = Bell()
    sleeper = asyncio.create_task(bell.rung(NEVER))
    await asyncio.wait([sleeper], timeout=0)
    assert not sleeper.done()
    bell.ring()
    await sleeper


async def test_a_ring_before_the_sleep_is_not_lost() -> None:
    bell = Bell()
    bell.ring()
    await bell.rung(NEVER)


async def test_a_ring_from_another_thread_wakes_the_sleeper() -> None:
    bell = Bell()
    sleeper = asyncio.create_task(bell.rung(NEVER))
    await asyncio.to_thread(bell.ring)
    await sleeper


async def test_many_rings_before_a_look_are_one() -> None:
    bell = Bell()
    for _ in range(10):
        bell.ring()
    await bell.rung(NEVER)
    second = asyncio.create_task(bell.rung(NEVER))
    await asyncio.wait([second], timeout=0)
    assert not second.done()
    bell.ring()
    await second


async def test_without_a_ring_the_sleep_ends_by_itself() -> None:
    await Bell().rung(0)


async def test_a_sleeper_that_is_cancelled_is_cancelled() -> None:
    sleeper = asyncio.create_task(Bell().rung(NEVER))
    await asyncio.wait([sleeper], timeout=0)
    sleeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeper


def test_ringing_a_bell_whose_loop_is_gone_does_nothing() -> None:
    async def made() -> Bell:
        return Bell()

    asyncio.run(made()).ring()
