"""Problem documents (RFC 9457): how they are written, and every kind there is."""

from collections.abc import Mapping
from typing import Any

import msgspec

from coatcheck import errors
from coatcheck.domain.problem import Problem
from coatcheck.errors import CoatcheckError, InvalidArguments

MEDIA_TYPE = "application/problem+json"

_STANDARD = ("type", "title", "status", "detail", "instance")


def document(problem: Problem, base: str) -> dict[str, Any]:
    """The problem's members, ready for JSON.

    `type` is `base` + the kind, unless the kind is a URI of the user's own. Members that RFC 9457 names are the
    problem's own; `members` can only add to them.

    >>> document(Problem(kind="queue-full", title="Queue full", status=503), "/problems/")
    {'type': '/problems/queue-full', 'title': 'Queue full', 'status': 503}
    """
    standard = {
        "type": problem.kind if ":" in problem.kind else base + problem.kind,
        "title": problem.title,
        "status": problem.status,
        **({} if problem.detail is None else {"detail": problem.detail}),
    }
    return standard | {name: value for name, value in problem.members.items() if name not in _STANDARD}


def parse(members: Mapping[str, Any]) -> Problem:
    """The problem that a document describes: the other way of `document`, and lenient, since anybody may have written it.

    >>> parse({"type": "/problems/queue-full", "status": 503}).kind
    'queue-full'
    """
    type_ = str(members.get("type", "about:blank"))
    _, ours, kind = type_.rpartition("/problems/")
    status, detail = members.get("status"), members.get("detail")
    return Problem(
        kind=kind if ours and kind else type_,
        title=str(members.get("title") or "Unknown problem"),
        status=status if isinstance(status, int) else 500,
        detail=None if detail is None else str(detail),
        members={name: value for name, value in members.items() if name not in _STANDARD},
    )


def from_error(error: CoatcheckError) -> Problem:
    """The problem that an error is to a client."""
    members: dict[str, Any] = {}
    if isinstance(error, InvalidArguments) and error.faults:
        members["errors"] = [{"pointer": pointer, "detail": detail} for pointer, detail in error.faults]
    return Problem(kind=error.kind, title=error.title, status=error.status, detail=error.detail, members=members)


class Kind(msgspec.Struct, frozen=True):
    """A kind of problem, as its page explains it."""

    title: str
    status: int
    explanation: str
    """What happened, and what to do."""


def _of(error: type[CoatcheckError], explanation: str) -> tuple[str, Kind]:
    return error.kind, Kind(error.title, error.status, explanation)


KINDS: Mapping[str, Kind] = dict(
    [
        _of(
            CoatcheckError,
            "Something unforeseen went wrong while the request was answered. The operators have been told. Try again later; a "
            "submission is safe to repeat with the same Idempotency-Key.",
        ),
        _of(
            errors.StoreUnavailable,
            "The job store could not be reached or written. Nothing was accepted. Try again after the seconds in Retry-After, with the "
            "same Idempotency-Key if you sent one.",
        ),
        _of(
            errors.QueueFull,
            "As many jobs of this operation are waiting as it allows. Nothing was accepted. Try again after the seconds in Retry-After.",
        ),
        _of(errors.InvalidRequest, "The request cannot be accepted as it is. `detail` says why; correct it before you send it again."),
        _of(
            errors.MalformedBody,
            "The body is not JSON: empty, cut off, not UTF-8, nested too deeply, or holding NaN or Infinity. Nothing was accepted. Send "
            "a JSON document as RFC 8259 defines it.",
        ),
        _of(
            errors.InvalidArguments,
            "The body is JSON, but not what the operation takes. Nothing was accepted. Each entry of `errors` has a `pointer` (RFC 6901) "
            "into the body and a `detail`. The operation's schema is at /operations.",
        ),
        _of(
            errors.InvalidParameter,
            "A query parameter or a header field cannot be read. `detail` names it and says what it takes.",
        ),
        _of(
            errors.TooManyJobs,
            "You have as many jobs waiting or running as this application lets one owner have. Nothing was accepted. Wait for one to end, "
            "or cancel one; Retry-After says when one may have ended.",
        ),
        _of(
            errors.RateLimited,
            "You send requests faster than this application lets one owner send them. Nothing was accepted. Wait for the seconds in "
            "Retry-After; the RateLimit and RateLimit-Policy header fields say how many requests are left, and how many there may be.",
        ),
        _of(
            errors.TooManyStreams,
            "As many event streams and WebSockets are open as this server keeps open, or as it keeps open for one owner. Close some, or "
            "try again after the seconds in Retry-After. The job's status URL says the same at any time.",
        ),
        _of(errors.PayloadTooLarge, "The body is larger than this application accepts. Nothing was accepted. Send less at a time."),
        _of(
            errors.BodyTooSlow,
            "The request's body did not come in the time it may take, and the connection was closed. Nothing was accepted. Send it again "
            "over a better line, or less at a time.",
        ),
        _of(
            errors.UnsupportedMediaType,
            "The body came with a media type or a content encoding that is not read here; `detail` and the header fields Accept and "
            "Accept-Encoding say what is. Most operations take JSON with `Content-Type: application/json` and without Content-Encoding.",
        ),
        _of(
            errors.IdempotencyKeyRequired,
            "This operation must not be run twice by accident, so each new request needs an Idempotency-Key: a random value of your own, "
            "sent again only when the same request is repeated.",
        ),
        _of(
            errors.IdempotencyKeyReused,
            "The Idempotency-Key came before with another request. The first request's job is untouched, and nothing new was accepted. "
            "Send a new key with a new request.",
        ),
        _of(
            errors.DestinationNotAllowed,
            "Nothing is sent to this URL. It has to be `https://`, without user name, on port 443, 80 or from 1024 up, with a host name or "
            "address in its usual form that leads to the public Internet alone. Whoever runs the application can allow more.",
        ),
        _of(
            errors.WebhookSecretMissing,
            "The request has a webhookUrl, and you have no secret yet that its message could be signed with. Nothing was accepted. Make "
            "one (POST to /webhooks/secret), keep it where the messages are received, and send the request again.",
        ),
        _of(errors.Unauthenticated, "The request carried no valid credentials. Sign in, and send them with the request."),
        _of(errors.Forbidden, "The credentials are valid and do not allow this. Ask whoever runs the application."),
        _of(
            errors.JobNotFound,
            "There is no job under this URL, or it belongs to somebody else; the two are not told apart. Check the URL that the 202 gave "
            "you, and that you use the same credentials.",
        ),
        _of(
            errors.JobExpired,
            "The job ended, the time for which its record is kept is over, and record and result have been removed. Submit the request "
            "again if you still need the result.",
        ),
        _of(
            errors.ResultNotReady,
            "The job has not ended. Look at its status URL, no sooner than the seconds in Retry-After, and fetch the result when the "
            "status is `completed`.",
        ),
        _of(
            errors.RangeNotSatisfiable,
            "The Range header field asks for bytes that the result does not have. Content-Range says how many there are; leave the field "
            "out to get them all.",
        ),
        _of(
            errors.JobAlreadyFinished,
            "The job has completed or failed, so there is nothing left to cancel. Its status URL says how it ended.",
        ),
        _of(errors.JobNotRetryable, "Only a failed or cancelled job can be retried. Its status URL says where it stands."),
        _of(
            errors.WebhookNotFound,
            "There is no webhook under this URL, or it belongs to somebody else; the two are not told apart. GET /webhooks lists yours.",
        ),
        _of(
            errors.TooManyWebhooks,
            "You have as many webhooks registered as this application lets one owner have. Remove one that is not needed any more.",
        ),
        _of(
            errors.TooManySecrets,
            "Messages are signed with each secret that is in force, and there are as many of them as may be: the ones before the newest "
            "count until their overlap is over. Wait for that, and give a shorter `overlap` the next time.",
        ),
        _of(
            errors.WebhookDisabled,
            "Nothing is sent to this webhook, because its owner said so or it answered 410. Enable it first: PATCH it with "
            '{"disabled": false}.',
        ),
        _of(
            errors.DeliveryNotFound,
            "There is no delivery under this URL, or it belongs to somebody else; the two are not told apart. A job's `deliveries` link "
            "lists its own, for as long as the job is kept.",
        ),
        _of(
            errors.NotConfigured,
            "Whoever runs this application has not set up what this request takes; `detail` names the setting. Nothing was accepted.",
        ),
        _of(
            errors.NotSerialisable,
            "The operation ran and returned something that has no strict JSON form, so there is no result. This is a fault of the "
            "application: tell whoever runs it.",
        ),
        _of(
            errors.JobCancelled,
            "The job was cancelled, so there is no result. It can be retried (POST to its retry link), or submitted again.",
        ),
        _of(errors.MethodNotAllowed, "This URL does not take this method. The Allow header field lists those it takes."),
        (
            "not-found",
            Kind("Not found", 404, "There is nothing under this URL. /operations lists what can be submitted, and where."),
        ),
        (
            "operation-failed",
            Kind(
                "The operation failed",
                500,
                "The operation raised an error and no further attempt is left. `detail` holds its message. The job can be retried (POST to "
                "its retry link) when the cause is gone.",
            ),
        ),
        (
            "job-timed-out",
            Kind("Job timed out", 504, "The run took longer than the operation allows and was stopped. It can be retried."),
        ),
        (
            "worker-lost",
            Kind(
                "Worker lost",
                500,
                "The process that ran the job died under it, several times, so it is not started again by itself. It can be retried.",
            ),
        ),
        (
            "result-too-large",
            Kind("Result too large", 500, "The operation returned more JSON than is kept. Results of any size can be returned as a file."),
        ),
        (
            "arguments-unreadable",
            Kind(
                "Stored request no longer fits the operation",
                500,
                "The request was accepted by an earlier release of the application, and this one takes other arguments. Submit it again.",
            ),
        ),
    ]
)
"""Every kind of problem there is."""
