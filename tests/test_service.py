"""One implementation for everything long-lived: started once, stopped once."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from coatcheck.service import Service
from coatcheck.telemetry import Telemetry

NEVER = 3600.0
"""An interval that no test waits for."""


class Turnstile(Service):
    """Counts its turns; each may be told to wait or to fail."""

    def __init__(self, *, interval: float = NEVER) -> None:
        self.telemetry = Telemetry()
        super().__init__(interval=interval, telemetry=self.telemetry)
        self.turns = 0
        self.turned: asyncio.Queue[int] = asyncio.Queue()
        self.gate = asyncio.Event()
        self.gate.set()
        self.failure: Exception | None = None

    async def turn(self) -> None:
        self.turns += 1
        self.turned.put_nowait(self.turns)
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure

    def ring(self) -> None:
        assert self.bell is not None
        self.bell.ring()


async def test_a_single_turn_needs_no_start() -> None:
    service = Turnstile()
    await service.turn()
    assert service.turns == 1


async def test_starting_turns_at_once_and_starting_again_does_nothing() -> None:
    service = Turnstile()
    await service.start()
    await service.start()
    assert await service.turned.get() == 1
    await service.stop()
    assert service.turns == 1


async def test_a_ring_begins_the_next_turn_without_the_interval() -> None:
    service = Turnstile()
    await service.start()
    for number in range(1, 6):
        assert await service.turned.get() == number
        service.ring()
    await service.stop()


async def test_a_ring_during_a_turn_is_not_lost() -> None:
    service = Turnstile()
    service.gate.clear()
    await service.start()
    await service.turned.get()
    service.ring()
    service.gate.set()
    assert await service.turned.get() == 2
    await service.stop()


async def test_turns_follow_each_other_at_the_interval() -> None:
    service = Turnstile(interval=0.001)
    await service.start()
    assert [await service.turned.get() for _ in range(3)] == [1, 2, 3]
    await service.stop()


async def test_a_turn_that_raises_is_told_and_the_loop_goes_on() -> None:
    service = Turnstile()
    told: list[tuple[str, Mapping[str, Any]]] = []
    service.telemetry.subscribe(lambda event, facts: told.append((event, facts)))
    service.failure = OSError("disk full")
    await service.start()
    await service.turned.get()
    service.ring()
    assert await service.turned.get() == 2
    await service.stop()
    assert told[0] == ("service.failed", {"service": "Turnstile", "error": service.failure})


async def test_a_failure_that_goes_on_is_told_once_in_a_while_and_so_is_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is away for an hour must not fill a disk; another error is news."""
    service = Turnstile()
    told: list[tuple[str, object]] = []
    service.telemetry.subscribe(lambda event, facts: told.append((event, facts.get("error"))))
    full, away, gone = OSError("disk full"), OSError("away"), ValueError("gone")
    await service.start()
    for turn, failure in enumerate([None, full, away, gone, None, None, away], start=1):
        assert await service.turned.get() == turn
        service.failure = failure
        service.ring()
    assert await service.turned.get() == 8
    monkeypatch.setattr("coatcheck.service.AGAIN", 0.0)
    service.ring()
    assert await service.turned.get() == 9
    await service.stop()
    assert told == [
        ("service.failed", full),
        ("service.failed", gone),
        ("service.recovered", None),
        ("service.failed", away),
        ("service.failed", away),
    ]


async def test_stopping_lets_the_turn_under_way_finish_and_begins_no_other() -> None:
    service = Turnstile()
    service.gate.clear()
    await service.start()
    await service.turned.get()
    stopping = asyncio.create_task(service.stop())
    await asyncio.wait([stopping], timeout=0)
    assert not stopping.done()
    service.gate.set()
    await stopping
    assert service.turns == 1


async def test_stopping_again_does_nothing() -> None:
    service = Turnstile()
    await service.start()
    await service.turned.get()
    await service.stop()
    await service.stop()
    assert service.turns == 1


async def test_stopping_what_never_started_does_nothing() -> None:
    await Turnstile().stop()


async def test_a_service_can_be_started_again() -> None:
    service = Turnstile()
    for number in range(1, 51):
        await service.start()
        assert await service.turned.get() == number
        await service.stop()


async def test_whoever_is_cancelled_while_stopping_a_service_stays_cancelled() -> None:
    service = Turnstile()
    service.gate.clear()
    await service.start()
    await service.turned.get()
    stopping = asyncio.create_task(service.stop())
    await asyncio.wait([stopping], timeout=0)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    service.gate.set()
