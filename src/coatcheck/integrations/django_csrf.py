"""Django's protection against forged requests, for routes that browsers and programs call alike.

A form on any web page can post to us, JSON in `text/plain` included, and its visitor's cookies come along. So a request with
cookies must bring Django's token. One without cookies, or with a bearer token, which no page can add unasked, has nothing
that could be abused.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.middleware.csrf import CsrfViewMiddleware

from coatcheck.errors import Forbidden


def could_be_forged(request: HttpRequest) -> bool:
    """Whether something about this request, sent by another site's page, would be believed."""
    bearer = request.headers.get("Authorization", "").lower().startswith("bearer ")
    return request.method not in ("GET", "HEAD", "OPTIONS", "TRACE") and bool(request.COOKIES) and not bearer


def check_csrf(request: HttpRequest) -> None:
    """Raise Forbidden for a request that could be forged, and whose token does not fit. It may ask the session's database."""
    if could_be_forged(request) and (reason := _reason(request)):
        raise Forbidden(f"{reason} A request with cookies brings the token of the CSRF cookie in the field X-CSRFToken.")


def _reason(request: HttpRequest) -> object:
    check = _Check(lambda _: HttpResponse())
    check.process_request(request)
    read, form = "_post" in vars(request), vars(request).get("_post")
    request.POST = QueryDict()  # only the header counts: to look for a form would be to read the body
    try:
        return check.process_view(request, None, (), {})  # type: ignore[arg-type]
    finally:
        if read:
            request.POST = form  # type: ignore[assignment]
        else:
            del request._post  # type: ignore[attr-defined]


class _Check(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> Any:  # noqa: ARG002  as Django calls it
        return reason
