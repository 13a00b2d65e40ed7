"""Log lines, made of the telemetry events by one subscriber."""

import json
import logging
import multiprocessing
import os

import msgspec
import pytest

from coatcheck.domain.job import JobRecord
from coatcheck.domain.problem import worker_lost
from coatcheck.domain.state import Status
from coatcheck.errors import StoreUnavailable
from coatcheck.observe.logs import LEVELS, JSONFormatter, write_line
from coatcheck.telemetry import EVENTS, Telemetry

JOB = JobRecord(
    id="0190", owner="ann", operation="report", status=Status.RUNNING, version=4, last_event=2, created_at=1.0, not_before=1.0, attempt=3
)


@pytest.fixture
def telemetry(caplog: pytest.LogCaptureFixture) -> Telemetry:
    caplog.set_level(logging.DEBUG, "coatcheck")
    telemetry = Telemetry()
    telemetry.subscribe(write_line)
    return telemetry


def raised(error: Exception) -> Exception:
    """`error` as it is when it was raised and caught."""
    try:
        raise error
    except type(error) as caught:
        return caught


def test_every_event_has_a_level() -> None:
    assert set(LEVELS) == set(EVENTS)


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_becomes_one_line_at_its_level(event: str, telemetry: Telemetry, caplog: pytest.LogCaptureFixture) -> None:
    telemetry.emit(event, job=JOB)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("coatcheck", LEVELS[event])
    assert record.getMessage() == f"{event}: {EVENTS[event]} job=0190 operation=report owner=ann status=running attempt=3"


def test_a_failed_job_says_why_with_the_traceback(telemetry: Telemetry, caplog: pytest.LogCaptureFixture) -> None:
    failed = msgspec.structs.replace(JOB, status=Status.FAILED, error=worker_lost(3))
    telemetry.emit("job.failed", job=failed, error=raised(ValueError("no such month")))
    assert 'problem=worker-lost error="ValueError: no such month"' in caplog.records[0].getMessage()
    assert "raise error" in caplog.text


def test_a_store_that_is_away_fills_no_log_with_tracebacks(telemetry: Telemetry, caplog: pytest.LogCaptureFixture) -> None:
    """While it is away each request says so, and each service, again and again; and why is in the line."""
    telemetry.emit("service.failed", service="Rescue", error=raised(StoreUnavailable("The job store is unavailable: gone.")))
    assert caplog.records[0].exc_info is None
    assert 'error="StoreUnavailable: The job store is unavailable: gone."' in caplog.records[0].getMessage()


def test_an_error_that_is_none_says_nothing(telemetry: Telemetry, caplog: pytest.LogCaptureFixture) -> None:
    telemetry.emit("job.failed", job=JOB, error=None)
    assert "error" not in caplog.records[0].getMessage()
    assert caplog.records[0].exc_info is None


def test_an_error_that_no_log_can_write_is_told_without_its_traceback(telemetry: Telemetry, caplog: pytest.LogCaptureFixture) -> None:
    telemetry.emit("job.failed", job=JOB, error=ValueError("half \ud800"))
    (record,) = caplog.records
    assert record.exc_info is None
    assert "half" in record.getMessage()
    record.getMessage().encode()


def test_no_fact_can_begin_a_line_of_its_own(telemetry: Telemetry, caplog: pytest.LogCaptureFixture) -> None:
    """An owner's name comes from outside; one with a line break in it must not forge a log line."""
    telemetry.emit("job.accepted", job=msgspec.structs.replace(JOB, owner="ann\nERROR coatcheck forged"))
    assert "\n" not in caplog.records[0].getMessage()
    assert r'owner="ann\nERROR coatcheck forged"' in caplog.records[0].getMessage()


def test_lists_and_numbers_are_told(telemetry: Telemetry, caplog: pytest.LogCaptureFixture) -> None:
    telemetry.emit("worker.started", worker="host:1:aa", operations=("report", "import"), running=2)
    assert caplog.records[0].getMessage().endswith('worker=host:1:aa operations="report,import" running=2')


def test_a_line_nobody_asked_for_is_not_made(telemetry: Telemetry, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "coatcheck")
    telemetry.emit("job.accepted", job=JOB)
    assert not caplog.records


def test_the_library_installs_no_handler_and_sets_no_level() -> None:
    assert logging.getLogger("coatcheck").handlers == []
    assert logging.getLogger("coatcheck").level == logging.NOTSET


def test_json_lines_carry_the_facts_one_by_one(telemetry: Telemetry, caplog: pytest.LogCaptureFixture) -> None:
    telemetry.emit("job.retrying", job=JOB, error=raised(ValueError("no such month")))
    line = json.loads(JSONFormatter().format(caplog.records[0]))
    assert line.pop("time").endswith("Z")
    assert "Traceback" in line.pop("exception")
    assert (line.pop("process"), line.pop("pid")) == (multiprocessing.current_process().name, os.getpid())
    assert line == {
        "level": "warning",
        "logger": "coatcheck",
        "message": EVENTS["job.retrying"],
        "event": "job.retrying",
        "job": "0190",
        "operation": "report",
        "owner": "ann",
        "status": "running",
        "attempt": 3,
        "error": "ValueError: no such month",
    }


def test_json_lines_are_made_of_other_loggers_records_too() -> None:
    record = logging.LogRecord("uvicorn", logging.INFO, __file__, 1, "%s - %d", ("GET /jobs\n\ud800", 200), None)
    text = JSONFormatter().format(record)
    assert "\n" not in text
    assert json.loads(text)["message"] == "GET /jobs\n\ud800 - 200"
