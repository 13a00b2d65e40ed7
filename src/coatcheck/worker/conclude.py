"""What a function returned or raised, as the ending of a run."""

import asyncio
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from coatcheck.blobs.contract import Blobs, Label
from coatcheck.domain import problem
from coatcheck.domain.created import CREATED, Created
from coatcheck.domain.outcome import Completed, Ending, Raised, Released
from coatcheck.domain.problem import Problem
from coatcheck.domain.result import INLINE_LIMIT, STORED_LIMIT, Result
from coatcheck.errors import Cancelled, CoatcheckError, Fail, NotSerialisable, Retry
from coatcheck.operations.codec import decode_result, encode_result
from coatcheck.operations.content import Content
from coatcheck.wire.disposition import format_disposition
from coatcheck.worker.run import ActiveRun, Interruption

MEMBERS_LIMIT = 64 * 1024
"""Bytes of the members that a function may add to its problem."""
CHAIN = 50
"""Errors of a failure that are kept, each the cause of the one before, or what that was raised in the middle of."""
_JSON = "application/json"
_CONCLUDED = (Completed, Raised)
_CHUNK = 1024 * 1024


def returned(value: Any, blobs: Blobs) -> Ending:
    """The function returned `value`: store what has to be stored outside the job's row. Blocking where it is a file.

    A value that cannot be kept fails the job for good: another attempt would return the same.
    """
    if isinstance(value, _CONCLUDED):  # concluded before: rows that were yielded, or what was made of files of the run
        return value
    try:
        content = Content.of(value)
        return _json(value) if content is None else Completed(_keep(content, blobs))
    except NotSerialisable as error:
        return Raised(problem.result_not_serialisable(str(error)), final=True)
    except CoatcheckError as error:
        return Raised(Problem(kind=error.kind, title=error.title, status=error.status, detail=error.detail))
    except OSError as error:
        return Raised(problem.operation_failed(type(error).__name__, f"The result could not be read: {error}"))


def stored(value: Any) -> Result:
    """`value` as JSON, the result of a job. Raises Fail where it has no such form or is too large: it would be so another time."""
    try:
        ending = _json(value)
    except NotSerialisable as error:
        ending = Raised(problem.result_not_serialisable(str(error)), final=True)
    if isinstance(ending, Completed):
        return ending.result
    wrong = ending.problem
    raise Fail(status=wrong.status, type=wrong.kind, title=wrong.title, detail=wrong.detail)


def stopped(error: BaseException, run: ActiveRun) -> Ending:
    """The function raised `error`: of its own accord, or because the run was told to end."""
    try:
        _shorten(error)
        return interrupted(run) or _raised(error)
    except BaseException as second:  # noqa: BLE001  hostile code may raise anything while it is looked at
        detail = f"What it raised could not be read: that raised {type(second).__name__}."
        return Raised(problem.operation_failed(type(error).__name__, detail))


def _shorten(error: BaseException) -> None:
    """Let go of all but the nearest errors that led to this one: to write a trace of very many takes minutes."""
    link: BaseException | None = error
    for _ in range(CHAIN):
        if link is None:
            return
        error, link = link, link.__cause__ if link.__cause__ is not None else link.__context__
    error.__cause__ = error.__context__ = None


def interrupted(run: ActiveRun) -> Ending | None:
    """What becomes of a run that was told to end and did, without returning anything; None if nobody told it to."""
    match run.interruption:
        case Interruption.TIMED_OUT:
            return Raised(problem.timed_out(run.claim.job.timeout or 0.0))
        case Interruption.STOPPED:
            return Released("its worker was shut down")
        case Interruption.CANCELLED:
            return Released("it was cancelled")
        case Interruption.LOST:
            return Released("its lease was lost")
        case None:
            return None


def _raised(error: BaseException) -> Ending:
    match error:
        case Retry():
            return Raised(problem.operation_failed("Retry", error.reason), after=error.after)
        case Fail():
            return Raised(_declared(error), final=True)
        case asyncio.CancelledError() | Cancelled():
            detail = "The function raised this itself; nobody had asked it to stop."
            return Raised(problem.operation_failed(type(error).__name__, detail))
        case MemoryError():
            return Raised(problem.memory_exhausted())
        case _:
            return Raised(problem.operation_failed(type(error).__name__, _text(error)))


def _declared(error: Fail) -> Problem:
    return Problem(
        kind=error.type or "operation-failed",
        title=problem.cut(error.title or "The operation failed"),
        status=error.status,
        detail=None if error.detail is None else problem.cut(error.detail),
        members=_members(error.members),
    )


def _members(members: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a function said of its failure, as plain JSON values: a failure that cannot be stored would be none."""
    try:
        encoded = encode_result(members)
    except NotSerialisable as error:
        return {"membersDropped": str(error)}
    if len(encoded) > MEMBERS_LIMIT:
        return {"membersDropped": f"They have {len(encoded)} bytes and the limit is {MEMBERS_LIMIT}."}
    plain: dict[str, Any] = decode_result(encoded)
    return plain


def _text(error: BaseException) -> str:
    try:
        return str.__str__(str(error))  # a subclass of str might do anything
    except BaseException as second:  # noqa: BLE001  hostile code may raise anything from __str__
        return f"Its text could not be read: __str__ raised {type(second).__name__}."


def _json(value: Any) -> Completed | Raised:
    created = isinstance(value, Created)
    body = encode_result(value.members if created else value)
    limit = INLINE_LIMIT if created else STORED_LIMIT  # where a resource is always comes along with its job
    if len(body) > limit:
        return Raised(problem.result_too_large(len(body), limit), final=True)
    media_type = CREATED if created else _JSON
    return Completed(Result(media_type=media_type, size=len(body), digest=hashlib.sha256(body).hexdigest(), body=body))


def _keep(content: Content, blobs: Blobs) -> Result:
    label = Label(content.media_type, format_disposition(content.media_type, content.filename))
    blob = blobs.take(content.body, label) if isinstance(content.body, Path) else blobs.write(_Chunks(content.body), label)
    return Result(media_type=content.media_type, size=blob.size, digest=blob.digest, blob=blob.key, filename=content.filename)


class _Chunks(Iterable[bytes]):
    """The bytes in pieces, as often as they are asked for: a store may have to begin again."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        view = memoryview(self._body)
        return (bytes(view[start : start + _CHUNK]) for start in range(0, len(view), _CHUNK))
