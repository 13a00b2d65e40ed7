"""What each of our routes says of itself: every answer and every header field."""

from collections.abc import Sequence
from typing import Any

from coatcheck.domain.state import Status
from coatcheck.http.catalogue import Entry
from coatcheck.http.documented import GUARDED, JOB_ID, LIMITED, LIMITS, ON_A_JOB
from coatcheck.http.documented_webhooks import callbacks, webhook_url
from coatcheck.http.endpoint import Documentation
from coatcheck.http.losable import Forgotten
from coatcheck.http.openapi import answer, header, job, jobs, of_any_type, page_of, path, problem, query, shape
from coatcheck.http.schemas import Schema, request_body, result_schema_of
from coatcheck.operations.content import OCTET_STREAM
from coatcheck.operations.form import BINARY
from coatcheck.operations.operation import Operation
from coatcheck.operations.parameters import WEBHOOK_URL
from coatcheck.wire.prefer import MAX_WAIT
from coatcheck.wire.style import HttpStyle

_IF_NONE_MATCH = header("If-None-Match", "The ETag of the last answer.")
_POINTERS = ("Location", "Link", "Retry-After")
_KEYED = ("Idempotency-Replayed",)
_PREFERRED = ("Vary", "Preference-Applied")
_PREFER = (
    f"`wait=N`: hold the answer back for N seconds, {MAX_WAIT} at most, so that it can be the result; `respond-async`: do not, though the "
    "operation does (RFC 7240)."
)
_PREFER_CHANGE = (
    f"`wait=N`: hold the answer back until the job has ended, with If-None-Match until it has changed; N seconds, {MAX_WAIT} at most."
)
_PREFER_STOP = f"`wait=N`: hold the answer back until the run has stopped; N seconds, {MAX_WAIT} at most."
_FAILED = problem("The job failed: its problem, with that problem's status.")
_PARTS: dict[int | str, Schema] = {
    206: of_any_type(answer("The range of the file that was asked for.", BINARY, "ETag", "Content-Range", media_type=OCTET_STREAM)),
    416: problem("The file has no such bytes.", "Content-Range"),
}
_NOT_MODIFIED = answer("The client has this version already.", None, "ETag", "Retry-After")


def submission(operation: Operation[..., Any], style: HttpStyle) -> Documentation:
    """`POST {path}`."""
    if not operation.durable:
        return _losable_submission(operation, style)
    key = header(
        "Idempotency-Key",
        "A random value for this request, at most 255 characters; sent again with the same body, it leads to the same job.",
        required=operation.idempotency_key_required,
        minLength=1,
        maxLength=255,
        pattern="^[!#-~]([ -~]*[!-~])?$",  # printable ASCII, neither quoted nor with space around
    )
    return Documentation(
        summary=operation.summary,
        description=operation.description,
        tag="operations",
        status=202,
        responses={
            **GUARDED,
            202: answer("Stored, and to be worked on.", job(style, operation), *_POINTERS, *_KEYED, *_PREFERRED),
            200: _quick(operation, style),
            303: answer("It ended while the client waited; its result is there.", {}, "Location", "Link", *_KEYED, *_PREFERRED),
            400: problem("Not well-formed, or a header field that cannot be read. Nothing is stored."),
            408: problem("The body did not come in time."),
            413: problem("The body is too large."),
            415: problem("The body has another media type than those taken, or a content encoding.", "Accept", "Accept-Encoding"),
            422: problem("Not what the operation takes, or the Idempotency-Key came with another request. Nothing is stored."),
            429: problem("You send too many requests, or have too many jobs already. Nothing is stored.", *LIMITS),
            503: problem("Too many jobs wait already, or the store cannot be reached. Nothing is stored.", "Retry-After"),
            "default": _FAILED,
        },
        parameters=[key, header("Prefer", _PREFER), *([webhook_url("query")] if operation.webhooks else [])],
        request_body=_request_body(operation, style),
        callbacks=callbacks(operation, style) if operation.webhooks else None,
    )


def _request_body(operation: Operation[..., Any], style: HttpStyle) -> Schema:
    body = request_body(operation, style.json_types)
    for content in body["content"].values() if operation.webhooks and not operation.parameters.files else ():
        if "properties" in content["schema"]:
            content["schema"]["properties"] |= {WEBHOOK_URL: webhook_url("body")}
    return body


def _quick(operation: Operation[..., Any], style: HttpStyle) -> Schema:
    result = result_schema_of(operation)
    quick = answer(
        "The result, as it ended while the client waited; or its representation, where the Idempotency-Key led to a job that has ended.",
        {"anyOf": [job(style, operation), result]} if result else {},
        "Location",
        "Link",
        "ETag",
        *_KEYED,
        *_PREFERRED,
    )
    return quick if result else of_any_type(quick)


def _losable_submission(operation: Operation[..., Any], style: HttpStyle) -> Documentation:
    warning = f"Fire and forget: a request that was accepted can be lost, there is no job to look at, and no result. {operation.losable}"
    return Documentation(
        summary=operation.summary,
        description="\n\n".join(part for part in (operation.description, warning) if part),
        tag="operations",
        status=202,
        responses={
            **GUARDED,
            202: answer("Accepted, and nothing more is promised.", shape(Forgotten)),
            400: problem("Not well-formed, a header field that cannot be read, or an Idempotency-Key."),
            408: problem("The body did not come in time."),
            413: problem("The body is too large."),
            415: problem("The body has another media type than those taken, or a content encoding.", "Accept", "Accept-Encoding"),
            422: problem("Not what the operation takes."),
            429: problem("You send too many requests.", *LIMITS),
            503: problem("Too many requests wait already.", "Retry-After"),
        },
        request_body=request_body(operation, style.json_types),
    )


def status(styles: Sequence[HttpStyle]) -> Documentation:
    """`GET /jobs/{job_id}`, in any of these styles."""
    about = ("ETag", "Retry-After", *_PREFERRED)
    responses: dict[int | str, Schema] = {
        **ON_A_JOB,
        **LIMITED,
        200: answer("The job, whatever its status.", jobs(styles), *about),
        304: _NOT_MODIFIED,
    }
    if pending := [style for style in styles if style.pending_status != 200]:
        responses[202] = answer("The job, which has not ended.", jobs(pending), *about)
    if any(style.completed == "body" for style in styles):
        whole = answer("The job, whatever its status but completed; then its result.", {}, *about, "Content-Disposition")
        responses[200] = of_any_type(whole)
        responses |= _PARTS
    if any(style.completed != "status" for style in styles):
        responses[303] = answer("The job has completed or failed; what came of it is there.", {}, "Location", *_PREFERRED)
    return Documentation(
        summary="How a job stands",
        responses=responses,
        parameters=[JOB_ID, _IF_NONE_MATCH, header("Prefer", _PREFER_CHANGE)],
    )


def result() -> Documentation:
    """`GET /jobs/{job_id}/result`."""
    return Documentation(
        summary="What a job returned",
        description="A failed job answers with its problem, and that problem's status.",
        responses={
            **ON_A_JOB,
            **LIMITED,
            **_PARTS,
            200: of_any_type(answer("The result.", {}, "ETag", "Content-Disposition")),
            303: answer("The result is there: a resource, or a file for a while.", {}, "Location"),
            304: answer("The client has this version already.", None, "ETag"),
            409: problem("Not ended yet, or cancelled.", "Retry-After"),
            "default": _FAILED,
        },
        parameters=[JOB_ID, _IF_NONE_MATCH, header("Range", "One range of a file's bytes.")],
    )


def cancel(styles: Sequence[HttpStyle]) -> Documentation:
    """`DELETE /jobs/{job_id}`."""
    return Documentation(
        summary="Cancel a job",
        status=204,
        responses={
            **ON_A_JOB,
            204: answer("It was waiting, or its run has stopped: it is cancelled.", None, *_PREFERRED),
            202: answer("It is running and was asked to stop.", jobs(styles), *_POINTERS, *_PREFERRED),
            409: problem("It has completed or failed."),
        },
        parameters=[JOB_ID, header("Prefer", _PREFER_STOP)],
    )


def retry(styles: Sequence[HttpStyle]) -> Documentation:
    """`POST /jobs/{job_id}/retry`."""
    return Documentation(
        summary="Run a failed or cancelled job again",
        status=202,
        responses={
            **ON_A_JOB,
            202: answer("It is queued again.", jobs(styles), *_POINTERS),
            409: problem("It has not failed or been cancelled."),
        },
        parameters=[JOB_ID],
    )


def listing(styles: Sequence[HttpStyle]) -> Documentation:
    """`GET /jobs`."""
    moment = {"type": "string", "format": "date-time"}
    return Documentation(
        summary="Your jobs, newest first",
        responses={
            **GUARDED,
            **LIMITED,
            200: answer("A page of jobs, their results left out.", page_of(jobs(styles)), "Link"),
            400: problem("A query parameter cannot be read."),
        },
        parameters=[
            query(
                "status",
                "Only these statuses.",
                type="array",
                items={"type": "string", "enum": list(dict.fromkeys([*map(styles[0].status, Status), *Status]))},
            ),
            query("operation", "Only this operation.", type="string"),
            query("createdAfter", "Only jobs created after this moment.", **moment),
            query("createdBefore", "Only jobs created before this moment.", **moment),
            query("limit", "Jobs on a page.", type="integer", minimum=1, maximum=200, default=50),
            query("cursor", "Where the page begins; taken from the `next` link.", type="string", pattern="^[0-9a-f]{32}$"),
        ],
    )


def catalogue() -> Documentation:
    """`GET /operations`."""
    return Documentation(
        summary="What can be submitted",
        tag="operations",
        responses={**GUARDED, 200: answer("Every operation: schemas, policy, how busy it is.", page_of(shape(Entry, "Operation")))},
    )


def describe() -> Documentation:
    """`GET /openapi.json`."""
    responses: dict[int | str, Schema] = {**GUARDED, 200: answer("An OpenAPI 3.1 document.", {"type": "object"})}
    return Documentation(summary="These routes, described", tag="operations", responses=responses)


def alive() -> Documentation:
    """`GET /healthz`."""
    return Documentation(summary="The process is alive", tag="health", responses={200: answer("It is.", {})})


def ready() -> Documentation:
    """`GET /readyz`."""
    responses: dict[int | str, Schema] = {
        200: answer("It can do its work.", {}),
        503: problem("The store cannot be reached or written.", "Retry-After"),
    }
    return Documentation(summary="The application is ready", tag="health", responses=responses)


def explain() -> Documentation:
    """`GET /problems/{kind}`."""
    responses: dict[int | str, Schema] = {
        200: answer("A page about it.", {"type": "string"}, media_type="text/plain"),
        404: problem("There is no such kind."),
    }
    return Documentation(summary="What a kind of problem means", tag="health", responses=responses, parameters=[path("kind", "The kind.")])
