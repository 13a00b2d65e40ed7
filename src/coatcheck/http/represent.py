"""A job as the client sees it."""

import msgspec

from coatcheck.domain.created import Created
from coatcheck.domain.job import JobRecord
from coatcheck.domain.outlook import Outlook
from coatcheck.domain.problem import Problem
from coatcheck.domain.progress import Progress
from coatcheck.domain.state import Status
from coatcheck.http.urls import Urls
from coatcheck.wire.problems import document
from coatcheck.wire.representation import NULL, Link, ProgressDetail, Representation, moment
from coatcheck.wire.style import NATIVE, HttpStyle

encode = msgspec.json.Encoder().encode


def represent(job: JobRecord, outlook: Outlook | None, urls: Urls, now: float, style: HttpStyle = NATIVE) -> Representation:
    """The representation of a job, by our own names; `outlook` is None for one that has ended."""
    status_url = urls.status(job.id)
    result, result_url = _result(job, urls, style) if job.status is Status.COMPLETED else (NULL, None)
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
        suggested_next_poll_time=moment(now + outlook.retry_after(style.retry_after)) if outlook else None,
        estimated_completion_time=moment(outlook.completion) if outlook else None,
        queue_position=outlook.queue_position if outlook else None,
        attempt=job.attempt,
        max_attempts=job.max_attempts,
        result=result,
        result_url=result_url,
        error=_error(job.error, urls) if job.status is Status.FAILED else None,
        status_url=status_url,
        links=_links(job, urls, status_url, style),
    )


def _detail(progress: Progress) -> ProgressDetail | None:
    if progress.current is None and progress.total is None and progress.unit is None:
        return None
    return ProgressDetail(current=progress.current, total=progress.total, unit=progress.unit)


def created_url(created: Created, urls: Urls) -> str:
    """Where the resource is, by the rule for all our URLs: absolute where `public_url` is set."""
    return urls.origin + created.url if created.url.startswith("/") else created.url


def _result(job: JobRecord, urls: Urls, style: HttpStyle) -> tuple[msgspec.Raw, str]:
    """The result as far as it stands inline, and where it is."""
    found, url = job.result, urls.part(job.id, style.segment("result"))
    if found is None or found.body is None:
        return NULL, url
    if (created := Created.of(found)) is not None:
        return msgspec.Raw(encode(created.body)), created_url(created, urls)
    return msgspec.Raw(found.body) if found.size <= style.inline_limit else NULL, url


def _error(problem: Problem | None, urls: Urls) -> dict[str, object] | None:
    return document(problem, urls.problems) if problem else None


def _links(job: JobRecord, urls: Urls, status_url: str, style: HttpStyle) -> dict[str, Link]:
    links = {"self": Link(status_url), "events": Link(urls.part(job.id, style.segment("events")))}
    match job.status:
        case Status.QUEUED | Status.RUNNING:
            links["cancel"] = Link(status_url, "DELETE")
        case Status.COMPLETED:
            links["result"] = Link(urls.part(job.id, style.segment("result")))
        case Status.FAILED | Status.CANCELLED:
            links["retry"] = Link(urls.part(job.id, style.segment("retry")), "POST")
        case Status.CANCELLING:
            pass
    if urls.webhooks:
        links["deliveries"] = Link(urls.part(job.id, "deliveries"))
    return links
