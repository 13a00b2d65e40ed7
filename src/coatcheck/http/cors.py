"""Cross-origin requests (CORS): which pages of other sites may call us, as the setting `cors_origins` says.

Only for our own routes, errors included, and whatever the host does for its own: a middleware of the host's replaces these
fields by its own.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from coatcheck.http.endpoint import Endpoint
from coatcheck.settings import Settings

EXPOSED: Final = (
    "Location, Retry-After, Link, ETag, Preference-Applied, Idempotency-Replayed, RateLimit, RateLimit-Policy, "
    "Content-Disposition, Content-Range, WWW-Authenticate"
)
"""Fields of our answers that a page's script may read."""
_KEPT = "600"
"""Seconds for which a browser may keep the answer to a preflight request."""
_FIELDS = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~, \t-]{1,1000}")


def allow_origins(endpoint: Endpoint, settings: Settings) -> Endpoint:
    """The endpoint, open to the origins of `settings.cors_origins`; the same where there are none."""
    if not settings.cors_origins:
        return endpoint

    async def handler(request: Request, resolved: Mapping[str, Any], own: Any = None) -> Response:
        return shared(await endpoint.handler(request, resolved, own), request, settings)

    async def problem(request: Request, error: Exception) -> Response:
        return shared(await endpoint.problem(request, error), request, settings)

    def refusal(request: Request) -> Response:
        if request.method == "OPTIONS" and "access-control-request-method" in request.headers:
            return shared(_preflight(request, endpoint.allowed), request, settings)
        return shared(endpoint.refusal(request), request, settings)

    return replace(endpoint, handler=handler, refusal=refusal, problem=problem)


def shared(answer: Response, request: Request, settings: Settings) -> Response:
    """The answer, for scripts of the request's origin to read where that is an allowed one."""
    if not settings.cors_origins:
        return answer
    origin, everybody = request.headers.get("origin"), "*" in settings.cors_origins
    if not everybody:
        answer.headers.add_vary_header("Origin")
    if origin is not None and (everybody or origin in settings.cors_origins):
        answer.headers["Access-Control-Allow-Origin"] = "*" if everybody else origin
        answer.headers["Access-Control-Expose-Headers"] = EXPOSED
        if not everybody:  # with `*`, any page could act with its visitor's cookies
            answer.headers["Access-Control-Allow-Credentials"] = "true"
    return answer


def _preflight(request: Request, allowed: str) -> Response:
    """What a browser asks before it sends a request that no form could: whether it may."""
    wanted = request.headers.get("access-control-request-headers", "")
    fields = {"Access-Control-Allow-Headers": wanted} if _FIELDS.fullmatch(wanted) else {}
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Methods": allowed,
            "Access-Control-Max-Age": _KEPT,
            "Vary": "Access-Control-Request-Headers",
            **fields,
        },
    )
