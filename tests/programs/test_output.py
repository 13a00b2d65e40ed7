"""What is kept of what a program writes."""

from coatcheck.programs.output import BURST, LOG_INTERVAL, RATE, TAIL, Output
from coatcheck.testing.clock import FakeClock


def output(log: list[str], clock: FakeClock) -> Output:
    return Output(understood=None, log=log.append, clock=clock)


def lines(first: int, last: int) -> bytes:
    return b"".join(b"%d\n" % number for number in range(first, last + 1))


def test_what_fits_is_logged_whole() -> None:
    log: list[str] = []
    written = output(log, FakeClock())
    written.take(lines(1, BURST))
    written.end()
    assert log == [str(number) for number in range(1, BURST + 1)]


def test_what_is_written_appears_within_an_interval() -> None:
    log: list[str] = []
    clock = FakeClock()
    written = output(log, clock)
    written.take(b"one\n")
    assert log == []
    clock.advance(LOG_INTERVAL)
    written.take(b"")
    assert log == ["one"]


def test_of_too_many_lines_the_newest_are_logged_and_the_others_counted() -> None:
    log: list[str] = []
    clock = FakeClock()
    written = output(log, clock)
    for second in range(10):
        written.take(lines(second * 10_000 + 1, second * 10_000 + 10_000))
        clock.advance(1)
        written.take(b"")
    assert log[: BURST + 1] == ["… 9,500 lines left out …", *map(str, range(9_501, 10_001))]
    assert log[BURST + 1 :][: RATE + 1] == ["… 9,900 lines left out …", *map(str, range(19_901, 20_001))]
    assert len(log) == 1 + BURST + 9 * (1 + RATE)


def test_the_last_lines_are_logged_however_many_came_before() -> None:
    log: list[str] = []
    clock = FakeClock()
    written = output(log, clock)
    written.take(lines(1, BURST))
    clock.advance(LOG_INTERVAL)
    written.take(b"")
    written.take(lines(1001, 1200) + b"the error")
    written.end()
    assert log[BURST:] == [*map(str, range(1001, 1201)), "the error"]


def test_blank_lines_are_not_logged() -> None:
    log: list[str] = []
    written = output(log, FakeClock())
    written.take(b"\n  \none\n\t\r\n")
    written.end()
    assert log == ["one"]


def test_the_tail_is_the_end_of_all() -> None:
    written = output([], FakeClock())
    for number in range(100):
        written.take(lines(number * 10_000, number * 10_000 + 9_999))
    assert len(written.tail) == TAIL
    assert written.tail.endswith("999998\n999999\n")
    assert written.last_line == "999999"


def test_without_output_there_is_no_last_line() -> None:
    assert output([], FakeClock()).last_line == ""


def test_no_more_lines_are_held_than_may_be_logged() -> None:
    """However many come between two looks."""
    written = output([], FakeClock())
    for first in range(0, 100_000, BURST):
        written.take(lines(first + 1, first + BURST))
    assert len(written._waiting) == BURST
