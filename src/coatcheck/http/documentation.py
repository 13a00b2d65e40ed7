"""What each of our routes says of itself: every answer and every header field."""

from typing import Any

from coatcheck.domain.state import Status
from coatcheck.http.catalogue import Entry
from coatcheck.http.endpoint import Documentation
from coatcheck.http.history import Row
from coatcheck.http.openapi import answer, header, job, page_of, path, problem, query, shape
from coatcheck.http.schemas import Schema, body_schema
from coatcheck.operations.operation import Operation

_JOB_ID = path("job_id", "The job's id.")
_IF_NONE_MATCH = header("If-None-Match", "The ETag of the last answer.")
_POINTERS = ("Location", "Link", "Retry-After")
_GUARDED: dict[int, Schema] = {
    401: problem("No valid credentials.", "WWW-Authenticate"),
    403: problem("The credentials do not allow that."),
    503: problem("The store cannot be reached.", "Retry-After"),
}
_ON_A_JOB: dict[int, Schema] = {
    **_GUARDED,
    404: problem("Unknown, malformed, or another owner's; one and the same answer."),
    410: problem("It ended long ago; its record has been removed."),
}
_NOT_MODIFIED = answer("The client has this version already.", None, "ETag", "Retry-After")


def submission(operation: Operation[..., Any]) -> Documentation:
    """`POST {path}`."""
    return Documentation(
        summary=operation.summary,
        description=operation.description,
        tag="operations",
        status=202,
        responses={
            **_GUARDED,
            202: answer("Stored, and to be worked on.", job(operation), *_POINTERS, "Idempotency-Replayed"),
            200: answer("The Idempotency-Key led to a job that has ended.", job(operation), "Location", "Link", "Idempotency-Replayed"),
            400: problem("Not JSON, or a header field that cannot be read. Nothing is stored."),
            413: problem("The body is too large."),
            415: problem("The body is not sent as JSON, or with a content encoding."),
            422: problem("Not what the operation takes, or the Idempotency-Key came with another request. Nothing is stored."),
            503: problem("Too many jobs wait already, or the store cannot be reached. Nothing is stored.", "Retry-After"),
        },
        parameters=[
            header(
                "Idempotency-Key",
                "A random value for this request, at most 255 characters; sent again with the same body, it leads to the same job.",
                required=operation.idempotency_key_required,
            )
        ],
        request_body={"required": operation.parameters.body_required, "content": {"application/json": {"schema": body_schema(operation)}}},
    )


def status() -> Documentation:
    """`GET /jobs/{job_id}`."""
    return Documentation(
        summary="How a job stands",
        responses={**_ON_A_JOB, 200: answer("The job, whatever its status.", job(), "ETag", "Retry-After"), 304: _NOT_MODIFIED},
        parameters=[_JOB_ID, _IF_NONE_MATCH],
    )


def result() -> Documentation:
    """`GET /jobs/{job_id}/result`."""
    return Documentation(
        summary="What a job returned",
        description="A failed job answers with its problem, and that problem's status.",
        responses={
            **_ON_A_JOB,
            200: answer("The result.", {}, "ETag", "Content-Disposition", media_type="*/*"),
            206: answer("The range of the file that was asked for.", {}, "ETag", "Content-Range", media_type="*/*"),
            304: _NOT_MODIFIED,
            409: problem("Not ended yet, or cancelled.", "Retry-After"),
            416: problem("The file has no such bytes.", "Content-Range"),
        },
        parameters=[_JOB_ID, _IF_NONE_MATCH, header("Range", "One range of a file's bytes.")],
    )


def history() -> Documentation:
    """`GET /jobs/{job_id}/events`."""
    return Documentation(
        summary="What happened to a job",
        responses={
            **_ON_A_JOB,
            200: answer("A page of its events, oldest first.", page_of(shape(Row)), "Link"),
            400: problem("A query parameter cannot be read."),
        },
        parameters=[
            _JOB_ID,
            query("after", "Only events numbered above this.", type="integer", minimum=0, default=0),
            query("limit", "Events on a page.", type="integer", minimum=1, maximum=1000, default=100),
        ],
    )


def cancel() -> Documentation:
    """`DELETE /jobs/{job_id}`."""
    return Documentation(
        summary="Cancel a job",
        status=204,
        responses={
            **_ON_A_JOB,
            204: answer("It was waiting, and is cancelled."),
            202: answer("It is running and was asked to stop.", job(), *_POINTERS),
            409: problem("It has completed or failed."),
        },
        parameters=[_JOB_ID],
    )


def retry() -> Documentation:
    """`POST /jobs/{job_id}/retry`."""
    return Documentation(
        summary="Run a failed or cancelled job again",
        status=202,
        responses={
            **_ON_A_JOB,
            202: answer("It is queued again.", job(), *_POINTERS),
            409: problem("It has not failed or been cancelled."),
        },
        parameters=[_JOB_ID],
    )


def listing() -> Documentation:
    """`GET /jobs`."""
    moment = {"type": "string", "format": "date-time"}
    return Documentation(
        summary="Your jobs, newest first",
        responses={
            **_GUARDED,
            200: answer("A page of jobs, their results left out.", page_of(job()), "Link"),
            400: problem("A query parameter cannot be read."),
        },
        parameters=[
            query("status", "Only these statuses.", type="array", items={"type": "string", "enum": list(Status)}),
            query("operation", "Only this operation.", type="string"),
            query("createdAfter", "Only jobs created after this moment.", **moment),
            query("createdBefore", "Only jobs created before this moment.", **moment),
            query("limit", "Jobs on a page.", type="integer", minimum=1, maximum=200, default=50),
            query("cursor", "Where the page begins; taken from the `next` link.", type="string"),
        ],
    )


def catalogue() -> Documentation:
    """`GET /operations`."""
    return Documentation(
        summary="What can be submitted",
        tag="operations",
        responses={**_GUARDED, 200: answer("Every operation: schemas, policy, how busy it is.", page_of(shape(Entry)))},
    )


def alive() -> Documentation:
    """`GET /healthz`."""
    return Documentation(summary="The process is alive", tag="health", responses={200: answer("It is.", {})})


def ready() -> Documentation:
    """`GET /readyz`."""
    responses = {200: answer("It can do its work.", {}), 503: problem("The store cannot be reached or written.", "Retry-After")}
    return Documentation(summary="The application is ready", tag="health", responses=responses)


def explain() -> Documentation:
    """`GET /problems/{kind}`."""
    responses = {200: answer("A page about it.", {"type": "string"}, media_type="text/plain"), 404: problem("There is no such kind.")}
    return Documentation(summary="What a kind of problem means", tag="health", responses=responses, parameters=[path("kind", "The kind.")])
