"""Our routes for Django: patterns of URLs, under ASGI and under WSGI."""

from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.core.signals import request_started
from django.db import connections
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from coatcheck.errors import ConfigurationError, Fail, Forbidden
from coatcheck.http.access import is_async
from coatcheck.http.wiring import Authenticate, Wiring
from coatcheck.integrations.django_csrf import check_csrf, could_be_forged
from coatcheck.integrations.errands import answer, ask, chunks
from coatcheck.integrations.paths import Path, paths
from coatcheck.integrations.wsgi import CHUNK, TERMINATED, body_of, fields, scope_of
from coatcheck.portal import Portal

View = Callable[..., Coroutine[Any, Any, HttpResponseBase]]


def urls(wiring: Callable[[], Wiring], portal: Portal) -> tuple[list[URLPattern], str, str]:
    """What `path("api/", …)` takes, for all paths of an application whose operations are all registered.

    Raises ConfigurationError for an operation with parameters that only FastAPI can resolve (`Depends`, `Header`, …).
    """
    request_started.connect(_begin(portal), weak=False, dispatch_uid=id(portal))  # whatever the request is for: jobs may be waiting
    found = paths(wiring, "Django", _hook)
    patterns = [path(_route(its.path), _view(its, portal, guarded=wiring().authenticate is not None), name=its.name) for its in found]
    return patterns, "coatcheck", "coatcheck"


def _route(path: str) -> str:
    return path.removeprefix("/").replace("{", "<str:").replace("}", ">")


def _begin(portal: Portal) -> Callable[..., None]:
    def begin(**_: object) -> None:
        portal.begin()

    return begin


def _view(path: Path, portal: Portal, *, guarded: bool) -> View:
    async def view(request: HttpRequest, **parameters: Any) -> HttpResponseBase:
        if isinstance(request, ASGIRequest):
            return await _on_this_loop(path, portal, request, parameters)
        return await sync_to_async(_in_this_thread)(path, portal, request, parameters)

    view.csrf_exempt = True  # type: ignore[attr-defined]  # checked below, where a request could be forged
    view.login_required = not guarded  # type: ignore[attr-defined]  # LoginRequiredMiddleware: the hook decides who may
    return view


async def _on_this_loop(path: Path, portal: Portal, own: ASGIRequest, parameters: dict[str, Any]) -> HttpResponseBase:
    stored = _reader(own)

    async def read() -> bytes:
        return stored(CHUNK)  # Django has put it into a file

    scope = {**own.scope, "root_path": (own.script_name or "").rstrip("/"), "path_params": parameters}
    asked = Request(scope, body_of(read, scope, terminated=True))
    try:
        await portal.there()
        if could_be_forged(own):
            await sync_to_async(check_csrf)(own)
    except Exception as error:  # noqa: BLE001  whatever it was, the client gets an answer
        answered = await path.problem(asked, error)
    else:
        answered = await path.answer(asked, own)
    return _response(own, answered, answered.body_iterator if isinstance(answered, StreamingResponse) else None)


def _in_this_thread(path: Path, portal: Portal, own: HttpRequest, parameters: dict[str, Any]) -> HttpResponseBase:
    scope = {**scope_of(own.META, own.META["SCRIPT_NAME"], parameters), TERMINATED: False}  # Django reads by Content-Length alone
    alone = Context()  # the request's own has asgiref run what may block in this thread, which waits for the loop
    answered = answer(portal, path, scope, own, _reader(own), check=check_csrf, context=alone)
    return _response(own, answered, chunks(portal, answered) if isinstance(answered, StreamingResponse) else None)


def _response(own: HttpRequest, answered: Response, pieces: Any) -> HttpResponseBase:
    response = HttpResponse() if pieces is None else StreamingHttpResponse(pieces)
    if isinstance(response, HttpResponse) and own.method != "HEAD":  # not every server under Django leaves it out by itself
        response.content = bytes(answered.body)
    response.status_code = answered.status_code
    del response["Content-Type"]
    for name, value in fields(answered):
        response[name] = value
    return response


def _reader(own: HttpRequest) -> Callable[[int], bytes]:
    taken = own._read_started and not hasattr(own, "_body")  # type: ignore[attr-defined]

    def read(size: int) -> bytes:
        if taken:
            raise ConfigurationError("A middleware has read the form in this request (request.POST), and left nothing of its body for us.")
        try:
            return own.read(size)
        except UnreadablePostError:
            raise ClientDisconnect from None

    return read


def _hook(authenticate: Authenticate | None) -> Authenticate | None:
    if authenticate is None:
        return None

    async def hook(own: HttpRequest) -> Any:
        try:
            return await _asked(authenticate, own)
        except PermissionDenied as error:
            raise Forbidden(str(error) or None) from None
        except Http404 as error:
            raise Fail(status=404, detail=str(error) or None) from None

    return hook


async def _asked(authenticate: Authenticate, own: HttpRequest) -> object:
    async with ThreadSensitiveContext():  # a thread for what blocks in it; under ASGI, Django's own for this request
        try:
            return await ask(authenticate, own, lambda plain, request: sync_to_async(plain)(request))
        finally:
            if is_async(authenticate) and not isinstance(own, ASGIRequest):  # it ends here, and nobody closes what it opened
                await sync_to_async(connections.close_all)()
