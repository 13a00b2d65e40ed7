"""Whatever goes wrong, as a problem document (RFC 9457)."""

from collections.abc import Awaitable
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from coatcheck.domain.outlook import DEFAULT_RETRY_AFTER
from coatcheck.domain.problem import Problem
from coatcheck.errors import (
    CoatcheckError,
    Fail,
    JobFailed,
    NotConfigured,
    QueueFull,
    StoreUnavailable,
    TooManyStreams,
    Unauthenticated,
    UnsupportedMediaType,
)
from coatcheck.http.represent import encode
from coatcheck.http.urls import Urls
from coatcheck.telemetry import Telemetry
from coatcheck.wire.headers import format_retry_after
from coatcheck.wire.problems import MEDIA_TYPE, document, from_error

_MEANT_FOR_CLIENTS = (NotConfigured, QueueFull, TooManyStreams)
_BARE = "about:blank"  # RFC 9457 §4.2.1: the status code says it all
_RENAMED = {413: "Content Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}
"""By RFC 9110 §15.5, which Python follows from 3.13 on."""


async def answered(answer: Awaitable[Response], request: Request | None, urls: Urls, telemetry: Telemetry) -> Response:
    """The answer, or the problem that kept it from being given.

    What no client caused is told as `request.failed`, and the client learns no more of it than that.
    """
    try:
        return await answer
    except ClientDisconnect:
        return Response(status_code=HTTPStatus.BAD_REQUEST)  # nobody reads it
    except Exception as error:  # noqa: BLE001  whatever it was, the client gets an answer
        said = _said(error)
        if said is None:
            facts: dict[str, Any] = {} if request is None else {"method": request.method, "path": request.url.path}
            telemetry.emit("request.failed", error=error, **facts)
            concealing = _concealing(error)
            said = from_error(concealing), _headers_of(concealing)
        problem, headers = said
        return problem_response(problem, urls, headers)


def problem_response(problem: Problem, urls: Urls, headers: dict[str, str] | None = None) -> Response:
    """A problem as a response; nobody keeps it."""
    return Response(encode(document(problem, urls.problems)), problem.status, {"Cache-Control": "no-store", **(headers or {})}, MEDIA_TYPE)


def error_response(error: CoatcheckError, urls: Urls, headers: dict[str, str]) -> Response:
    """One of our errors as a response."""
    return problem_response(from_error(error), urls, {**_headers_of(error), **headers})


def _said(error: Exception) -> tuple[Problem, dict[str, str]] | None:
    """What the client is told of an error that concerns it; None for all others."""
    match error:
        case JobFailed():
            return error.problem, {}
        case Fail():
            title = error.title or _phrase(error.status)
            return Problem(kind=error.type or _BARE, title=title, status=error.status, detail=error.detail, members=error.members), {}
        case HTTPException():
            detail = str(error.detail) if error.detail else None
            return Problem(kind=_BARE, title=_phrase(error.status_code), status=error.status_code, detail=detail), dict(error.headers or {})
        case CoatcheckError() if error.status < HTTPStatus.INTERNAL_SERVER_ERROR or isinstance(error, _MEANT_FOR_CLIENTS):
            return from_error(error), _headers_of(error)
        case _:
            return None


def _concealing(error: Exception) -> CoatcheckError:
    if isinstance(error, StoreUnavailable):  # its detail names files and hosts
        return StoreUnavailable(retry_after=error.retry_after)
    return CoatcheckError("Something unforeseen went wrong while this request was answered. It has been reported.")


def _headers_of(error: CoatcheckError) -> dict[str, str]:
    headers: dict[str, str] = {}
    if isinstance(error, UnsupportedMediaType):
        headers.update(error.headers)
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"  # RFC 9110 §15.5.2 asks for a challenge
    if error.retry_after is not None:
        headers["Retry-After"] = format_retry_after(error.retry_after)
    elif error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = format_retry_after(DEFAULT_RETRY_AFTER)
    return headers


def _phrase(status: int) -> str:
    return _RENAMED.get(status) or next((known.phrase for known in HTTPStatus if known == status), f"Status {status}")
