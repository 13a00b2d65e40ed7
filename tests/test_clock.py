"""The host's clocks."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coatcheck.clock import SystemClock


def test_now_is_the_time_of_day_in_utc() -> None:
    moment = datetime.fromtimestamp(SystemClock().now(), UTC)
    assert moment.year >= 2026


def test_no_clock_goes_back() -> None:
    clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()
    assert clock.boot() <= clock.boot()


def test_two_clocks_of_one_boot_agree_on_it() -> None:
    """Leases written by one process are read by another."""
    first, second = SystemClock().boot(), SystemClock().boot()
    assert first.boot_id == second.boot_id
    assert first.seconds <= second.seconds


def test_the_boot_is_named_by_the_kernel_where_it_does() -> None:
    named = Path("/proc/sys/kernel/random/boot_id")
    assert SystemClock().boot().boot_id == (named.read_text().strip() if sys.platform == "linux" else "unknown")


def test_elsewhere_than_on_linux_all_boots_have_one_name_and_leases_end_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr("coatcheck.clock.Path", lambda _: Path("/nonexistent/boot_id"))
    clock = SystemClock()
    assert clock.boot().boot_id == "unknown"
    assert clock.monotonic() <= clock.boot().seconds <= clock.monotonic()


async def test_sleeping_lets_others_run() -> None:
    ran = asyncio.Event()
    asyncio.get_running_loop().call_soon(ran.set)
    await SystemClock().sleep(0)
    assert ran.is_set()
