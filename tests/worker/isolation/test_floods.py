"""Jobs that say too much (F53, F55)."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from coatcheck.context import REPORT_INTERVAL
from coatcheck.domain.event import EVENT_LIMIT, Event, EventType
from coatcheck.domain.progress import MAX_MESSAGE
from coatcheck.programs.lines import LINE_LIMIT
from coatcheck.programs.output import BURST, LEVEL
from tests.worker.isolation.service import MEBIBYTE, Service, serving_application


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One for these alone: what other jobs have made its worker take would hide what these do."""
    with serving_application(tmp_path_factory.mktemp("floods"), grace=1, concurrency=4) as service:
        yield service


@pytest.mark.parametrize("operation", ["storms", "storms_in_a_thread", "storms_on_the_loop"])
def test_a_storm_of_progress_is_stored_ten_times_a_second_and_its_last_word_lands(service: Service, operation: str) -> None:
    """F53: 100,000 reports, some in numbers that are none, and a message of 10 MB."""
    job = service.submit(operation)
    state = service.ended(job)
    assert state["status"] == "completed"
    assert state["percentComplete"] == 100
    assert state["progressDetail"] == {"current": 5, "total": 100, "unit": "row"}
    assert '"current":5,' in service.http.get(f"/jobs/{job}").text.replace(" ", "")
    assert len(state["message"]) == MAX_MESSAGE
    events = service.events(job)
    told = [event for event in events if event.type is EventType.PROGRESS]
    lasted = events[-1].at - events[0].at
    assert 1 <= len(told) <= lasted / REPORT_INTERVAL + 2


def test_a_storm_of_log_lines_is_kept_to_the_newest(service: Service) -> None:
    job = service.submit("logs_much")
    assert service.ended(job)["status"] == "completed"
    lines = [event for event in service.events(job) if event.type is EventType.LOG]
    assert len(lines) <= EVENT_LIMIT


def test_output_without_end_costs_the_worker_no_memory(service: Service) -> None:
    """F55: the last lines of it are kept, and how many were not."""
    before = _most_memory(service.worker)
    job = service.submit("prints", mebibytes=200)
    assert service.ended(job)["status"] == "completed"
    assert _most_memory(service.worker) <= before + 64 * MEBIBYTE
    lines = output(service.events(job))
    assert lines[-1] == "the last line"
    assert sum("lines left out" in line for line in lines) >= 1
    assert BURST < len(lines) <= EVENT_LIMIT


def test_a_line_without_end_costs_no_memory_either(service: Service) -> None:
    before = _most_memory(service.worker)
    job = service.submit("prints_a_long_line", mebibytes=100)
    assert service.ended(job)["status"] == "completed"
    assert _most_memory(service.worker) <= before + 64 * MEBIBYTE
    (line,) = output(service.events(job))
    assert line == "y" * LINE_LIMIT + "…"


def test_what_is_printed_becomes_lines_whatever_it_is(service: Service) -> None:
    job = service.submit("prints_oddly")
    service.ended(job)
    assert output(service.events(job)) == ["one", "\ufffd two", "no end"]


def output(events: list[Event]) -> list[str]:
    """The lines that a job has printed."""
    lines = [msgspec.json.decode(event.data or b"") for event in events if event.type is EventType.LOG]
    return [line["message"] for line in lines if line["level"] == LEVEL]


def _most_memory(pid: int) -> int:
    """Bytes of memory that a process has had at most."""
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024
