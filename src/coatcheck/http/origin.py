"""Which web pages may open a WebSocket here.

A browser asks nobody before it opens one, and sends its cookies along: any page could act as its visitor (cross-site WebSocket
hijacking). So a page of another site must be an allowed one.
"""

from urllib.parse import urlsplit

from starlette.requests import Request

from coatcheck.errors import Forbidden
from coatcheck.http.ticket import PARAMETER
from coatcheck.settings import Settings


def check_origin(request: Request, settings: Settings) -> None:
    """Return for a client that is no web page, for a page of our own origin, and for an allowed one. Raises Forbidden."""
    origin = request.headers.get("origin")
    if origin is None or PARAMETER in request.query_params:  # a ticket is no cookie: who shows it was given it
        return
    if origin.partition("://")[2].lower() in _own(request, settings) or origin in settings.cors_origins:
        return
    if "*" in settings.cors_origins and "cookie" not in request.headers:
        return
    raise Forbidden(f"Pages of {origin[:100]} may open no WebSocket here. Allow their origin with the setting cors_origins.")


def _own(request: Request, settings: Settings) -> set[str]:
    """What comes after the scheme in origins that are ours: what browsers take us for, and what we are said to be."""
    return {request.headers.get("host", "").lower(), urlsplit(settings.public_url or "").netloc.lower()} - {""}
