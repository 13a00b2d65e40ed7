"""What is shipped for waiting in tests: events told, and flags raised, from any thread."""

import asyncio
import threading

import pytest

from coatcheck.telemetry import Telemetry
from coatcheck.testing import signals as module
from coatcheck.testing.signals import Flag, Signals


async def test_an_event_told_before_the_wait_counts() -> None:
    telemetry = Telemetry()
    signals = Signals(telemetry)
    telemetry.emit("worker.started", worker="1")
    assert await signals.told("worker.started") == {"worker": "1"}


async def test_an_event_told_in_another_thread_ends_the_wait() -> None:
    telemetry = Telemetry()
    signals = Signals(telemetry)
    waiting = asyncio.create_task(signals.told("worker.stopped", count=2))
    for number in range(2):
        await asyncio.to_thread(telemetry.emit, "worker.stopped", worker=number)
    assert await waiting == {"worker": 1}
    assert len(signals.all("worker.stopped")) == 2


async def test_a_wait_for_what_never_comes_says_what_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    telemetry = Telemetry()
    signals = Signals(telemetry)
    telemetry.emit("worker.started", worker="1")
    with pytest.raises(TimeoutError, match=r"worker.stopped was not told 1 times; told were \['worker.started'\]"):
        await signals.told("worker.stopped")


async def test_a_flag_raised_in_a_thread_is_seen() -> None:
    flag = Flag()
    threading.Thread(target=flag.raise_).start()
    await flag.raised()
    await flag.raised()


async def test_a_flag_that_nobody_raises_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    with pytest.raises(TimeoutError):
        await Flag().raised()
