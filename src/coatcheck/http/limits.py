"""Turning away who sends too many requests, before anything is read or stored: 429 (RFC 6585 §4)."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from coatcheck.domain.owner import Viewer
from coatcheck.errors import TooManyJobs
from coatcheck.http.access import name
from coatcheck.http.admission import Verdict, jobs_limit
from coatcheck.http.call import Call
from coatcheck.operations.operation import Operation
from coatcheck.wire.limits import format_remaining


def admit_submission(call: Call, operation: Operation[..., Any], viewer: Viewer) -> None:
    """Let a request for `operation` in. Raises RateLimited."""
    _obey(call, call.wiring.admission.submission(operation, name(viewer)))


def admit_poll(call: Call, viewer: Viewer) -> None:
    """Let a look at jobs in. Raises RateLimited."""
    _obey(call, call.wiring.admission.poll(name(viewer)))


def admit_trial(call: Call, viewer: Viewer) -> None:
    """Let a test message to a webhook out. Raises RateLimited."""
    _obey(call, call.wiring.admission.trial(name(viewer)))


@contextmanager
def counting_jobs(headers: dict[str, str]) -> Iterator[None]:
    """Where the store finds that an owner has as many jobs as it may, say so in the `headers` of the answer, too."""
    try:
        yield
    except TooManyJobs as refused:
        none_left = format_remaining(jobs_limit(refused.operation), 0, seconds=math.ceil(refused.retry_after or 0))
        headers["RateLimit"] = ", ".join(filter(None, (headers.get("RateLimit"), none_left)))
        raise


def _obey(call: Call, verdict: Verdict) -> None:
    call.told.update(verdict.headers)
    if verdict.refused is not None:
        raise verdict.refused
