"""A job as the client sees it."""

import msgspec

from coatcheck.domain.job import JobRecord
from coatcheck.domain.problem import Problem
from coatcheck.domain.progress import Progress
from coatcheck.domain.result import Result
from coatcheck.domain.state import Status
from coatcheck.http.urls import Urls
from coatcheck.jobs import Outlook
from coatcheck.wire.problems import document
from coatcheck.wire.representation import NULL, Link, ProgressDetail, Representation, moment

encode = msgspec.json.Encoder().encode


def represent(job: JobRecord, outlook: Outlook | None, urls: Urls, now: float) -> Representation:
    """The representation of a job; `outlook` is None for one that has ended."""
    status_url = urls.status(job.id)
    completed = job.status is Status.COMPLETED
    return Representation(
        job_id=job.id,
        operation=job.operation,
        status=job.status,
        percent_complete=job.progress.percent,
        message=job.progress.message,
        progress_detail=_detail(job.progress),
        created_at=moment(job.created_at),
        started_at=moment(job.started_at),
        completed_at=moment(job.completed_at),
        not_before=moment(job.not_before) if job.status is Status.QUEUED and job.not_before > now else None,
        expires_at=moment(job.expires_at),
        cancel_requested_at=moment(job.cancel_requested_at),
        suggested_next_poll_time=moment(now + outlook.retry_after) if outlook else None,
        estimated_completion_time=moment(outlook.completion) if outlook else None,
        queue_position=outlook.queue_position if outlook else None,
        attempt=job.attempt,
        max_attempts=job.max_attempts,
        result=_inline(job.result) if completed else NULL,
        result_url=urls.result(job.id) if completed else None,
        error=_error(job.error, urls) if job.status is Status.FAILED else None,
        status_url=status_url,
        links=_links(job, urls, status_url),
    )


def _detail(progress: Progress) -> ProgressDetail | None:
    if progress.current is None and progress.total is None and progress.unit is None:
        return None
    return ProgressDetail(current=progress.current, total=progress.total, unit=progress.unit)


def _inline(result: Result | None) -> msgspec.Raw:
    if result is None or result.body is None or result.media_type != "application/json":
        return NULL
    return msgspec.Raw(result.body)


def _error(problem: Problem | None, urls: Urls) -> dict[str, object] | None:
    return document(problem, urls.problems) if problem else None


def _links(job: JobRecord, urls: Urls, status_url: str) -> dict[str, Link]:
    links = {"self": Link(status_url), "events": Link(urls.events(job.id))}
    match job.status:
        case Status.QUEUED | Status.RUNNING:
            links["cancel"] = Link(status_url, "DELETE")
        case Status.COMPLETED:
            links["result"] = Link(urls.result(job.id))
        case Status.FAILED | Status.CANCELLED:
            links["retry"] = Link(urls.retry(job.id), "POST")
        case Status.CANCELLING:
            pass
    return links
