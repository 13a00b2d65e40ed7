"""What came of restarts and an outage, and whether it is good enough."""

from collections.abc import Iterator

from chaos.audit import Report
from chaos.restarts import Restarts
from coatcheck.domain.event import EventType
from coatcheck.domain.job import JobRecord
from coatcheck.domain.state import Status

FAIL_WHEN_TOLD = ("flaky", "fragile")
RERUNS_LIMIT = 0.01
"""Of all jobs."""
ANSWER_LIMIT = 1.0
"""Seconds within which 99 of 100 requests are refused while the store is away."""


def reruns(report: Report) -> int:
    """Attempts that nobody asked for: not a client by a retry, not a function by failing."""
    return report.events[EventType.RESCUED] + report.events[EventType.RELEASED]


def needless_failures(report: Report) -> list[JobRecord]:
    """Jobs that failed though their function was not told to."""
    return [job for job in report.jobs if job.status is Status.FAILED and job.operation not in FAIL_WHEN_TOLD]


def figures(restarts: Restarts) -> dict[str, int | float | str]:
    """What happened, for people and for programs."""
    first, last = restarts.reports
    return {
        "seed": restarts.course.seed,
        "jobs": len(last.jobs),
        "acknowledged": len(restarts.witness.acknowledged),
        "restarts": len(restarts.away),
        "longest restart, s": round(max(restarts.away, default=0.0), 2),
        "jobs until the last restart": len(first.jobs),
        "reruns by restarts": reruns(first),
        "reruns by restarts, %": round(100 * reruns(first) / len(first.jobs), 2),
        "requests sent again": restarts.customers.repeated,
        "outage, s": restarts.course.down,
        "submits while it lasted": restarts.outage.answers.total(),
        **{f"answered {answer}": count for answer, count in sorted(restarts.outage.answers.items())},
        "p99 of these answers, s": round(restarts.outage.p99, 3),
        "ready again after, s": round(restarts.back_after, 2),
        "reruns by the outage": reruns(last) - reruns(first),
        "needless failures": len(needless_failures(last)),
    }


def missed(restarts: Restarts) -> Iterator[str]:
    """Which limits were not kept."""
    first, last = restarts.reports
    if reruns(first) > RERUNS_LIMIT * len(first.jobs):
        yield f"{reruns(first)} of {len(first.jobs)} jobs ran again, and {RERUNS_LIMIT:.0%} may."
    for job in needless_failures(last):
        yield f"{job.id} ({job.operation}) failed though its function was not told to: {job.error}"
    if not restarts.outage.refused:
        yield "Some submit was answered other than by 503 with Retry-After while the server was away."
    if restarts.outage.p99 > ANSWER_LIMIT:
        yield f"p99 of these answers is over {ANSWER_LIMIT:g} s."
