"""Everything Coatcheck raises.

    CoatcheckError
    ├── ConfigurationError          a setting or an operation is wrong; said at start or registration
    ├── StoreUnavailable            the store cannot be reached or written               503 store-unavailable
    ├── NoRoom                      for another job, now
    │   ├── QueueFull               a bound of queued jobs is reached                    503 queue-full
    │   └── TooManyJobs             the owner has as many jobs as it may                 429 too-many-jobs
    ├── RateLimited                 the owner sends more requests than it may            429 rate-limited
    ├── TooManyStreams              as many event streams are open as may be             503 too-many-streams
    ├── InvalidRequest              the request cannot be accepted as it is
    │   ├── MalformedBody           not JSON at all                                      400 malformed-body
    │   ├── InvalidArguments        JSON, but not what the operation takes               422 invalid-arguments
    │   ├── InvalidParameter        a query parameter or header cannot be read           400 invalid-parameter
    │   ├── PayloadTooLarge                                                              413 payload-too-large
    │   ├── BodyTooSlow             the body did not come in time                        408 body-too-slow
    │   ├── UnsupportedMediaType                                                         415 unsupported-media-type
    │   ├── MethodNotAllowed        the URL is right, the method is not                  405 method-not-allowed
    │   ├── RangeNotSatisfiable     a byte range outside the result                      416 range-not-satisfiable
    │   ├── IdempotencyKeyRequired                                                       400 idempotency-key-required
    │   ├── IdempotencyKeyReused    same key, other request                              422 idempotency-key-reused
    │   ├── DestinationNotAllowed   a webhook's URL that nothing is sent to              422 destination-not-allowed
    │   └── WebhookSecretMissing    a job's webhook could not be signed                  422 webhook-secret-missing
    ├── Unauthenticated                                                                  401 unauthenticated
    ├── Forbidden                                                                        403 forbidden
    ├── JobNotFound                 unknown, malformed, or not yours                     404 job-not-found
    ├── JobExpired                  it ended long ago; its record is gone                410 job-expired
    ├── ResultNotReady              the job has not ended yet                            409 result-not-ready
    ├── JobAlreadyFinished          nothing left to cancel                               409 job-already-finished
    ├── JobNotRetryable             only failed and cancelled jobs are retried           409 job-not-retryable
    ├── WebhookNotFound             unknown, malformed, or not yours                     404 webhook-not-found
    ├── TooManyWebhooks             the owner has registered as many as it may           409 too-many-webhooks
    ├── TooManySecrets              as many are in force already as may be               409 too-many-secrets
    ├── WebhookDisabled             nothing is sent there now                            409 webhook-disabled
    ├── DeliveryNotFound            unknown, malformed, or not yours                     404 delivery-not-found
    ├── NotConfigured               a feature that this application has not set up       501 not-configured
    ├── NotSerialisable             a result or argument has no JSON form                500 result-not-serialisable
    ├── JobFailed                   raised to whoever waits for the result; carries the problem
    └── JobCancelled                                                                     409 job-cancelled

    Raised *by* an operation's function, to say how its run ends:
    Retry      try again later
    Fail       give up now, with this problem
    Cancelled  the run was asked to stop (a BaseException, so that `except Exception` does not swallow it)

    Raised *inside* one, by `job.run`:
    ProgramFailed  the program could not be started, or ended with another status than 0

The docstring's first line is the default message. `status`, `kind` and `title` are what the HTTP layer makes a
problem document (RFC 9457) of.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class CoatcheckError(Exception):
    """Something went wrong in Coatcheck."""

    status: ClassVar[int] = 500
    kind: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str | None = None, *, retry_after: float | None = None) -> None:
        self.detail = detail if detail is not None else (type(self).__doc__ or "").splitlines()[0]
        self.retry_after = retry_after
        """Seconds after which trying again makes sense, where that is known."""
        super().__init__(self.detail)


class ConfigurationError(CoatcheckError):
    """The application is not set up in a way that can work."""


class StoreUnavailable(CoatcheckError):
    """The job store cannot be reached or written just now. Nothing was accepted; try again."""

    status, kind, title = 503, "store-unavailable", "Store unavailable"


class NoRoom(CoatcheckError):
    """There is no room for another job now. Nothing was accepted; try again later."""

    def __init__(
        self, detail: str | None = None, *, limit: int = 1, operation: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(detail, retry_after=retry_after)
        self.limit = limit
        """How many jobs there may be."""
        self.operation = operation
        """Of which operation; None: of all together."""


class QueueFull(NoRoom):
    """Too many jobs of this operation are waiting already. Nothing was accepted; try again later."""

    status, kind, title = 503, "queue-full", "Queue full"


class TooManyJobs(NoRoom):
    """You have as many jobs waiting or running as you may. Nothing was accepted; try again when one has ended."""

    status, kind, title = 429, "too-many-jobs", "Too many jobs"


class RateLimited(CoatcheckError):
    """You send requests faster than you may. Wait for the seconds in Retry-After, then go on more slowly."""

    status, kind, title = 429, "rate-limited", "Rate limited"


class TooManyStreams(CoatcheckError):
    """Too many event streams are open. Try again later, or look at the job's status URL."""

    status, kind, title = 503, "too-many-streams", "Too many streams"


class InvalidRequest(CoatcheckError):
    """The request cannot be accepted as it is."""

    status, kind, title = 400, "invalid-request", "Invalid request"


class MalformedBody(InvalidRequest):
    """The body is not well-formed JSON."""

    status, kind, title = 400, "malformed-body", "Malformed body"


class InvalidArguments(InvalidRequest):
    """The body is JSON, but not what this operation takes."""

    status, kind, title = 422, "invalid-arguments", "Invalid arguments"

    def __init__(self, detail: str | None = None, *, faults: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(detail)
        self.faults = tuple(faults)
        """Pairs of JSON Pointer (RFC 6901) and what is wrong there."""


class InvalidParameter(InvalidRequest):
    """A query parameter or header cannot be read."""

    status, kind, title = 400, "invalid-parameter", "Invalid parameter"


class PayloadTooLarge(InvalidRequest):
    """The body is larger than this application accepts."""

    status, kind, title = 413, "payload-too-large", "Payload too large"


class BodyTooSlow(InvalidRequest):
    """The body did not come in time. Nothing was accepted; send it again, faster."""

    status, kind, title = 408, "body-too-slow", "Body too slow"


class UnsupportedMediaType(InvalidRequest):
    """Send the body as application/json, without a content encoding."""

    status, kind, title = 415, "unsupported-media-type", "Unsupported media type"

    def __init__(self, detail: str | None = None, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.headers = headers or {}
        """Header fields that say what is accepted (RFC 9110 §15.5.16)."""


class MethodNotAllowed(InvalidRequest):
    """This URL does not know that method; the Allow header names those it knows."""

    status, kind, title = 405, "method-not-allowed", "Method not allowed"


class RangeNotSatisfiable(InvalidRequest):
    """The byte range asked for lies outside the result."""

    status, kind, title = 416, "range-not-satisfiable", "Range not satisfiable"


class IdempotencyKeyRequired(InvalidRequest):
    """This operation requires an Idempotency-Key header: send a new random value with each new request."""

    status, kind, title = 400, "idempotency-key-required", "Idempotency key required"


class IdempotencyKeyReused(InvalidRequest):
    """This Idempotency-Key was used with another request. Send a new key with a new request."""

    status, kind, title = 422, "idempotency-key-reused", "Idempotency key reused"


class DestinationNotAllowed(InvalidRequest):
    """Destination not allowed."""

    status, kind, title = 422, "destination-not-allowed", "Destination not allowed"


class WebhookSecretMissing(InvalidRequest):
    """You have no secret yet that the webhooks of single jobs could be signed with. Make one: POST to /webhooks/secret."""

    status, kind, title = 422, "webhook-secret-missing", "Webhook secret missing"


class Unauthenticated(CoatcheckError):
    """No valid credentials came with the request."""

    status, kind, title = 401, "unauthenticated", "Unauthenticated"


class Forbidden(CoatcheckError):
    """These credentials do not allow that."""

    status, kind, title = 403, "forbidden", "Forbidden"


class JobNotFound(CoatcheckError):
    """There is no such job, or it is not yours."""

    status, kind, title = 404, "job-not-found", "Job not found"


class JobExpired(CoatcheckError):
    """The job ended long ago and its record has been removed."""

    status, kind, title = 410, "job-expired", "Job expired"


class ResultNotReady(CoatcheckError):
    """The job has not ended yet. Look at its status URL."""

    status, kind, title = 409, "result-not-ready", "Result not ready"


class JobAlreadyFinished(CoatcheckError):
    """The job has ended already; there is nothing left to cancel."""

    status, kind, title = 409, "job-already-finished", "Job already finished"


class JobNotRetryable(CoatcheckError):
    """Only a failed or cancelled job can be retried."""

    status, kind, title = 409, "job-not-retryable", "Job not retryable"


class WebhookNotFound(CoatcheckError):
    """There is no such webhook, or it is not yours."""

    status, kind, title = 404, "webhook-not-found", "Webhook not found"


class TooManyWebhooks(CoatcheckError):
    """You have registered as many webhooks as you may. Remove one first."""

    status, kind, title = 409, "too-many-webhooks", "Too many webhooks"


class TooManySecrets(CoatcheckError):
    """As many secrets are in force here as may be. Wait until one has ended; a shorter overlap ends the next one sooner."""

    status, kind, title = 409, "too-many-secrets", "Too many secrets"


class WebhookDisabled(CoatcheckError):
    """Nothing is sent to this webhook while it is disabled. Enable it first: PATCH it with `{"disabled": false}`."""

    status, kind, title = 409, "webhook-disabled", "Webhook disabled"


class DeliveryNotFound(CoatcheckError):
    """There is no such delivery, or it is not yours."""

    status, kind, title = 404, "delivery-not-found", "Delivery not found"


class NotConfigured(CoatcheckError):
    """This application has not set up what this takes."""

    status, kind, title = 501, "not-configured", "Not configured"


class NotSerialisable(CoatcheckError):
    """The value has no strict JSON form that every store and every client can keep."""

    status, kind, title = 500, "result-not-serialisable", "Result not serialisable"


class JobFailed(CoatcheckError):
    """The job failed."""

    kind, title = "job-failed", "Job failed"

    def __init__(self, problem: Any) -> None:
        super().__init__(problem.detail or problem.title)
        self.problem = problem
        """Why it failed: has the members of a problem document (RFC 9457) as attributes."""


class JobCancelled(CoatcheckError):
    """The job was cancelled."""

    status, kind, title = 409, "job-cancelled", "Job cancelled"


class Retry(Exception):
    """Raised by an operation's function: this attempt came to nothing, try again later.

    `after` is the delay in seconds; without it the operation's backoff decides. It uses up one of the
    operation's retries, and fails the job when none is left.

        raise Retry("the bank is closed", after=3600)

    Raises ValueError for a delay that is negative or no number.
    """

    def __init__(self, reason: object = "The operation asked to be tried again.", *, after: float | None = None) -> None:
        if after is not None and not 0 <= after < math.inf:
            raise ValueError(f"Retry(after={after}): a delay is a number of seconds, 0 or more.")
        self.reason = str(reason)
        super().__init__(self.reason)
        self.after = after


class Fail(Exception):
    """Raised by an operation's function: give up now, whatever retries are left, with this problem.

    `status` is what a synchronous call would have answered (400–599). Further keyword arguments become members of
    the problem document (RFC 9457 §3.2).

        raise Fail(status=422, title="Account closed", account="A-17")
    """

    def __init__(self, *, status: int = 500, title: object = None, detail: object = None, type: str | None = None, **members: Any) -> None:
        if not 400 <= status <= 599:
            raise ValueError(f"Fail(status={status}): a failure's status lies between 400 and 599.")
        self.status, self.members = int(status), members
        self.type = None if type is None else str(type)
        self.title = None if title is None else str(title)
        self.detail = None if detail is None else str(detail)
        super().__init__(self.detail or self.title or f"failed with status {status}")


class Cancelled(BaseException):
    """Raised inside a run at its next `track` or `progress` once it has been asked to stop."""


class ProgramFailed(Exception):
    """A program that `job.run` ran came to nothing.

    `program` is its name, `status` its exit status (negative for a signal; None where it could not be started), `output`
    the end of what it wrote. The message has its last line, and never its arguments, which may hold secrets.
    """

    def __init__(self, message: str, *, program: str, status: int | None = None, output: str = "") -> None:
        super().__init__(message)
        self.program, self.status, self.output = program, status, output
