"""The clock that tests move."""

import asyncio
import threading

from coatcheck.testing.clock import FakeClock
from coatcheck.testing.signals import PATIENCE


async def test_time_passes_on_all_clocks_alike() -> None:
    clock = FakeClock(now=100.0)
    monotonic, boot = clock.monotonic(), clock.boot()
    clock.advance(7)
    assert clock.now() == 107
    assert clock.monotonic() == monotonic + 7
    assert clock.boot() == (boot.boot_id, boot.seconds + 7)


async def test_sleepers_wake_when_their_time_has_come() -> None:
    clock = FakeClock()
    late, early = asyncio.ensure_future(clock.sleep(10)), asyncio.ensure_future(clock.sleep(5))
    await clock.sleep(0)
    clock.advance(5)
    await early
    assert not late.done()
    clock.advance(5)
    await late


async def test_time_may_be_moved_from_another_thread() -> None:
    """The sleeper's loop is woken for it, though nothing else happens there."""
    asyncio.get_running_loop().set_debug(True)  # which tells of what is not to be done from another thread
    clock = FakeClock()
    sleeping = asyncio.ensure_future(clock.sleep(5))
    await clock.sleep(0)
    thread = threading.Thread(target=clock.advance, args=(5,))
    thread.start()
    async with asyncio.timeout(PATIENCE):
        await sleeping
    thread.join()


async def test_a_cancelled_sleeper_is_passed_over() -> None:
    clock = FakeClock()
    gone, other = asyncio.ensure_future(clock.sleep(1)), asyncio.ensure_future(clock.sleep(1))
    await clock.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    clock.advance(1)
    await other
    assert gone.cancelled()


async def test_the_wall_clock_jumps_alone() -> None:
    clock = FakeClock()
    monotonic, boot = clock.monotonic(), clock.boot()
    clock.set_wall(5.0)
    assert (clock.now(), clock.monotonic(), clock.boot()) == (5.0, monotonic, boot)


async def test_a_reboot_is_another_boot() -> None:
    clock = FakeClock()
    before = clock.boot()
    clock.reboot()
    assert clock.boot().boot_id != before.boot_id
    assert clock.boot().seconds < before.seconds
