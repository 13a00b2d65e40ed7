"""Log lines, all made here, of the telemetry events.

    telemetry.subscribe(write_line)

Lines go to the logger `coatcheck`. No handler is installed and no level set: logging belongs to the host. What a line
tells is also in the record's `facts` (a mapping) and `event`, for handlers that want it structured. Arguments, results
and checkpoints are the user's data and never logged.
"""

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from traceback import format_exception
from typing import Any

from coatcheck.domain.job import JobRecord
from coatcheck.domain.problem import MAX_DETAIL, cut
from coatcheck.errors import StoreUnavailable
from coatcheck.telemetry import EVENTS

LOGGER = logging.getLogger("coatcheck")

LEVELS: Mapping[str, int] = {
    "job.accepted": logging.INFO,
    "job.replayed": logging.INFO,
    "job.started": logging.INFO,
    "job.completed": logging.INFO,
    "job.failed": logging.ERROR,
    "job.retrying": logging.WARNING,
    "job.released": logging.INFO,
    "job.cancelled": logging.INFO,
    "job.cancel_requested": logging.INFO,
    "job.rescued": logging.WARNING,
    "job.crashed": logging.ERROR,
    "job.late_write": logging.WARNING,
    "job.overrun": logging.WARNING,
    "losable.accepted": logging.INFO,
    "losable.progress": logging.DEBUG,
    "losable.log": logging.INFO,
    "losable.completed": logging.INFO,
    "losable.failed": logging.ERROR,
    "losable.lost": logging.ERROR,
    "worker.started": logging.INFO,
    "worker.draining": logging.INFO,
    "worker.stopped": logging.INFO,
    "worker.lost": logging.ERROR,
    "delivery.delivered": logging.INFO,
    "delivery.failed": logging.WARNING,
    "delivery.dead": logging.ERROR,
    "delivery.late_write": logging.WARNING,
    "deliveries.given_up": logging.WARNING,
    "endpoint.disabled": logging.WARNING,
    "service.failed": logging.ERROR,
    "service.recovered": logging.INFO,
    "stream.cut": logging.INFO,
    "store.pruned": logging.DEBUG,
    "store.log_kept": logging.WARNING,
    "store.clock_differs": logging.WARNING,
    "request.failed": logging.ERROR,
}
"""How loud each event is."""

_PLAIN = re.compile(r"[\w.:/@+-]+", re.ASCII)


def write_line(event: str, facts: Mapping[str, Any]) -> None:
    """Write the line of one event: its name, what it says, and its facts as `name=value`."""
    level = LEVELS[event]
    if not LOGGER.isEnabledFor(level):
        return
    told = _told(facts)
    line = " ".join([f"{event}: {EVENTS[event]}", *(f"{name}={_quoted(value)}" for name, value in told.items())])
    LOGGER.log(level, "%s", line, exc_info=_traced(facts.get("error")), extra={"event": event, "facts": told})


class JSONFormatter(logging.Formatter):
    """One JSON object a line, for records of any logger.

    Members: `time` (RFC 3339, UTC), `level`, `process` (its name), `pid`, `logger`, `message`; where there are any, `event`,
    its facts and `exception`.
    """

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "process": record.processName,
            "pid": record.process,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if event := getattr(record, "event", None):
            line = getattr(record, "facts", {}) | line | {"event": event, "message": EVENTS.get(event, line["message"])}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def _told(facts: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, value in facts.items():
        told |= _job(value) if isinstance(value, JobRecord) else {name: _simple(value)}
    return {name: value for name, value in told.items() if value is not None}


def _job(job: JobRecord) -> dict[str, Any]:
    return {
        "job": job.id,
        "operation": job.operation,
        "owner": job.owner,
        "status": job.status.value,
        "attempt": job.attempt,
        "problem": job.error.kind if job.error else None,
    }


def _simple(value: object) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case BaseException():
            return f"{type(value).__name__}: {cut(_text(value))}"
        case list() | tuple() | set() | frozenset():
            return [_simple(item) for item in value]
        case _:
            return str(value)


def _traced(error: object) -> BaseException | None:
    """The error whose traceback the line brings along, unless it says nothing more, would fill the log, or no log could take it."""
    if not isinstance(error, BaseException) or isinstance(error, StoreUnavailable) or len(_text(error)) > MAX_DETAIL:
        return None
    try:
        "".join(format_exception(error)).encode()
    except BaseException:  # noqa: BLE001  lone surrogates; or somebody's error that raises when it is looked at
        return None
    return error


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException as second:  # noqa: BLE001  somebody's `__str__` may raise anything
        return f"(its __str__ raised {type(second).__name__})"


def _quoted(value: object) -> str:
    """`value` on one line, whatever it holds: nobody writes log lines of their own through a name."""
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)
