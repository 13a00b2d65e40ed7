"""Why a job failed, in the members of a problem document (RFC 9457)."""

from collections.abc import Mapping
from typing import Any

import msgspec

MAX_DETAIL = 8 * 1024
"""Characters of a failure's text that are kept."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """The `error` of a failed job.

    `kind` is the stable word behind the `type` URI (`job-timed-out`), or a URI of the user's own; `status` is what a
    synchronous call would have answered.
    """

    kind: str
    title: str
    status: int
    detail: str | None = None
    members: Mapping[str, Any] = {}


def operation_failed(exception_name: str, detail: str) -> Problem:
    """The function raised."""
    return Problem(kind="operation-failed", title=f"The operation raised {exception_name[:200]}", status=500, detail=cut(detail))


def timed_out(seconds: float) -> Problem:
    """The attempt passed its deadline."""
    return Problem(kind="job-timed-out", title="Job timed out", status=504, detail=f"The run took longer than its limit of {seconds:g} s.")


def worker_lost(crashes: int, reason: str = "Its worker died.") -> Problem:
    """The worker, or the job's own process, died under the job, again and again; `reason` is a sentence on the last time."""
    return Problem(
        kind="worker-lost",
        title="Worker lost",
        status=500,
        detail=cut(f"{reason} The job was lost {crashes} times; it is not started again by itself. It can be retried."),
    )


def memory_exhausted() -> Problem:
    """The run asked for more memory than it was given."""
    return Problem(kind="memory-exhausted", title="Memory exhausted", status=500, detail="The run needed more memory than it may take.")


def cpu_exhausted(seconds: float) -> Problem:
    """The run used up the processor time it was given."""
    return Problem(
        kind="cpu-exhausted",
        title="Processor time exhausted",
        status=500,
        detail=f"The run used more processor time than its limit of {seconds:g} s.",
    )


def result_not_serialisable(detail: str) -> Problem:
    """What the function returned cannot be stored."""
    return Problem(kind="result-not-serialisable", title="Result not serialisable", status=500, detail=cut(detail))


def result_too_large(size: int, limit: int) -> Problem:
    """What the function returned is over the cap."""
    return Problem(
        kind="result-too-large",
        title="Result too large",
        status=500,
        detail=f"The result has {size} bytes and the limit is {limit}. Return a file instead: files have no cap.",
    )


def arguments_unreadable(detail: str) -> Problem:
    """The stored request no longer fits the operation, for example after a deployment."""
    return Problem(kind="arguments-unreadable", title="Stored request no longer fits the operation", status=500, detail=cut(detail))


def cut(text: str) -> str:
    """`text`, no longer than what is kept of a failure."""
    return text if len(text) <= MAX_DETAIL else text[: MAX_DETAIL - 1] + "…"
