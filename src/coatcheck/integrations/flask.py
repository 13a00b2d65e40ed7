"""Our routes for Flask: a blueprint, under any WSGI server, or under an ASGI server by way of `a2wsgi`."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request
from flask import Request as FlaskRequest
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect
from werkzeug.exceptions import ClientDisconnected, HTTPException

from coatcheck.http.wiring import Authenticate, Wiring
from coatcheck.integrations.errands import answer, ask, chunks
from coatcheck.integrations.paths import Path, paths
from coatcheck.integrations.wsgi import fields, scope_of
from coatcheck.portal import Portal

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def blueprint(wiring: Callable[[], Wiring], portal: Portal) -> Blueprint:
    """A blueprint of all paths of an application whose operations are all registered.

    Raises ConfigurationError for an operation with parameters that only FastAPI can resolve (`Depends`, `Header`, …).
    """
    found = Blueprint("coatcheck", __name__)
    found.before_app_request(portal.begin)  # whatever the request is for: jobs may be waiting
    for path in paths(wiring, "Flask", _hook):
        found.add_url_rule(
            path.path.replace("{", "<").replace("}", ">"),
            path.name.replace(".", "_"),  # which Flask keeps for blueprints
            _view(path, portal),
            methods=_METHODS,
            provide_automatic_options=False,
            merge_slashes=False,  # by a redirect, which would be built from the Host header
        )
    return found


def _view(path: Path, portal: Portal) -> Callable[..., Response]:
    def view(**parameters: Any) -> Response:
        own: FlaskRequest = request._get_current_object()  # type: ignore[attr-defined]
        scope = scope_of(own.environ, own.root_path, parameters)
        answered = answer(portal, path, scope, own, _reader(own))
        response = Response(chunks(portal, answered), answered.status_code, direct_passthrough=True)
        response.headers.clear()
        response.headers.extend(fields(answered))
        return response

    return view


def _reader(own: FlaskRequest) -> Callable[[int], bytes]:
    def read(size: int) -> bytes:
        try:
            return own.stream.read(size)
        except ClientDisconnected:
            raise ClientDisconnect from None
        except HTTPException as error:  # over the application's MAX_CONTENT_LENGTH
            raise _translated(error) from None

    return read


def _hook(authenticate: Authenticate | None) -> Authenticate | None:
    if authenticate is None:
        return None

    async def hook(own: FlaskRequest) -> Any:
        try:
            return await ask(authenticate, own)
        except HTTPException as error:  # abort(403)
            raise _translated(error) from None

    return hook


def _translated(error: HTTPException) -> StarletteHTTPException:
    response = error.get_response()
    challenge = {name: value for name, value in response.headers.items() if name in ("WWW-Authenticate", "Retry-After")}
    return StarletteHTTPException(response.status_code, error.description, challenge)
