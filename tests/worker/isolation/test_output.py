"""What a process prints, as lines of its job's history."""

import asyncio
import os
from collections.abc import Callable

import pytest

from coatcheck.clock import SystemClock
from coatcheck.programs.output import LEVEL, LOG_INTERVAL
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.conformance.scenario import running
from coatcheck.worker.isolation.output import Printed
from coatcheck.worker.run import ActiveRun
from tests.worker.site import Site


@pytest.fixture
async def run(site: Site) -> ActiveRun:
    return ActiveRun(await running(site.store), SystemClock(), grace=1)


def lines(run: ActiveRun) -> list[str]:
    """The lines that have become of it."""
    assert {entry.level for entry in run.unsaid.log} <= {LEVEL}
    return [entry.message for entry in run.unsaid.log]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([], []),
        ([b"one\ntwo\n"], ["one", "two"]),
        ([b"one\r\ntwo\r\n"], ["one", "two"]),
        ([b"no end"], ["no end"]),
        ([b"\xff\xfe\n"], ["\ufffd\ufffd"]),
        (["grüße".encode()[:3], "grüße\n".encode()[3:]], ["grüße"]),
        ([b"hel", b"lo\r", b"\nwor", b"ld"], ["hello", "world"]),
    ],
)
async def test_it_is_split_into_lines_whatever_pieces_it_comes_in(run: ActiveRun, pieces: list[bytes], expected: list[str]) -> None:
    reading, writing = os.pipe()
    printed = Printed(run, reading)
    for piece in pieces:
        os.write(writing, piece)
        printed._read()
    printed.close()
    os.close(writing)
    assert lines(run) == expected


async def test_lines_are_passed_on_while_it_prints(run: ActiveRun) -> None:
    reading, writing = os.pipe()
    printed = Printed(run, reading)
    os.write(writing, b"first\n")
    async with asyncio.timeout(30):
        await _until(run, lambda: bool(run.unsaid))
    assert lines(run) == ["first"]
    os.close(writing)
    printed.close()


async def test_a_look_that_came_too_early_is_not_the_last(site: Site) -> None:
    """An event loop may be a millisecond ahead of the clock. Nothing more is printed that would have it look again."""
    clock = FakeClock()
    run = ActiveRun(await running(site.store), clock, grace=1)
    reading, writing = os.pipe()
    printed = Printed(run, reading)
    os.write(writing, b"last\n")
    async with asyncio.timeout(30):
        await _until(run, lambda: printed._logging is not None)
        first = printed._logging
        await _until(run, lambda: printed._logging is not first)
        assert not run.unsaid
        clock.advance(LOG_INTERVAL)
        await _until(run, lambda: bool(run.unsaid))
    assert lines(run) == ["last"]
    os.close(writing)
    printed.close()


async def test_the_end_of_a_pipe_is_not_looked_at_for_ever(run: ActiveRun) -> None:
    """It would be readable for ever, and the worker busy with it, while something else of the run goes on."""
    reading, writing = os.pipe()
    printed = Printed(run, reading)
    os.write(writing, b"last\n")
    os.close(writing)
    async with asyncio.timeout(30):
        await _until(run, lambda: reading not in _watched())
    printed.close()
    assert lines(run) == ["last"]


async def _until(run: ActiveRun, seen: Callable[[], bool]) -> None:
    """Let the event loop turn until something is seen."""
    while not seen():
        await run.clock.sleep(0)


def _watched() -> set[int]:
    selector = asyncio.get_running_loop()._selector  # type: ignore[attr-defined]
    return {key.fd for key in selector.get_map().values()}
