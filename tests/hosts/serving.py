"""One `Coatcheck` application in each host framework, on a real server: bare, below a prefix, and behind a proxy that strips one."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from starlette.types import Receive, Scope, Send

from coatcheck.app import Coatcheck
from coatcheck.testing.harness import serving
from tests.http.site import LOOPBACK

HOSTS = ("fastapi", "starlette", "django", "django-wsgi", "flask", "flask-asgi")
WSGI = ("django-wsgi", "flask")
"""Those on a WSGI server, where there is no lifespan."""
PLACEMENTS = ("bare", "mounted", "proxied")
BELOW = "/api/v1"
"""Where the host has our routes, but for `bare`."""
BEHIND = "/behind"
"""What the proxy of `proxied` takes off before it asks the host."""


@dataclass
class Served:
    """An application that is being served."""

    jobs: Coatcheck
    host: str
    origin: str
    """Scheme and authority of the server."""
    prefix: str
    """What stands before our paths, as the client sees it."""
    behind: str = ""
    """What a proxy takes off."""

    def client(self, **options: Any) -> httpx2.Client:
        """A client of it, by way of the proxy where there is one; its paths are the host's, not ours."""
        proxy = Stripping(self.behind)
        return httpx2.Client(base_url=self.origin, transport=proxy, timeout=60, **options)


class Stripping(httpx2.HTTPTransport):
    """What a proxy does that has `location /behind/ { proxy_pass http://host/; }`, and says so."""

    def __init__(self, prefix: str) -> None:
        super().__init__(verify=LOOPBACK, retries=1)
        self._prefix = prefix

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.raw_path.decode()
        if self._prefix:
            assert path.startswith(f"{self._prefix}/"), f"{path} leads past the proxy"
            request.url = request.url.copy_with(raw_path=path.removeprefix(self._prefix).encode())
            request.headers["X-Forwarded-Prefix"] = self._prefix
        return super().handle_request(request)


@contextmanager
def hosted(
    jobs: Coatcheck,
    host: str,
    placement: str = "bare",
    *,
    behind: str = "",
    also: Callable[[Any], None] = lambda _: None,
    **config: Any,
) -> Iterator[Served]:
    """Serve `jobs` in that host. `also` is given the host's application, or its list of URL patterns, to add what is its own.

    `behind` is what a proxy takes off; `config` goes to uvicorn.
    """
    below = "" if placement == "bare" else BELOW
    behind = BEHIND if placement == "proxied" else behind
    application = application_in(jobs, host, below, behind, also)
    served = wsgi_serving(application) if host in WSGI else serving(application, root_path=behind, **config)
    with served as origin:
        try:
            yield Served(jobs, host, origin, behind + below, behind)
        finally:
            leave(jobs, host)


def application_in(jobs: Coatcheck, host: str, below: str = "", behind: str = "", also: Callable[[Any], None] = lambda _: None) -> Any:
    """The host's application, with `jobs` in it. Only what that host needs is imported: some take a second."""
    match host:
        case "fastapi":
            return _in_fastapi(jobs, below, also)
        case "starlette":
            return _in_starlette(jobs, below, also)
        case "django" | "django-without-lifespan" | "django-wsgi":
            return _in_django(jobs, host, below, behind, also)
        case "flask" | "flask-asgi":
            return _in_flask(jobs, host, below, behind, also)
    raise ValueError(host)


def leave(jobs: Coatcheck, host: str) -> None:
    """Close the portal; no request that Django answers for another application opens it again."""
    if host.startswith("django"):
        from django.core.signals import request_started

        request_started.disconnect(dispatch_uid=id(jobs.portal))
    jobs.portal.close()


def _in_fastapi(jobs: Coatcheck, below: str, also: Callable[[Any], None]) -> Any:
    from fastapi import FastAPI

    app = FastAPI(lifespan=jobs.lifespan)
    app.include_router(jobs.router, prefix=below)
    also(app)
    return app


def _in_starlette(jobs: Coatcheck, below: str, also: Callable[[Any], None]) -> Any:
    from starlette.applications import Starlette
    from starlette.routing import Mount

    app = Starlette(routes=[Mount(below, routes=jobs.routes)] if below else jobs.routes, lifespan=jobs.lifespan)
    also(app)
    return app


def _in_flask(jobs: Coatcheck, host: str, below: str, behind: str, also: Callable[[Any], None]) -> Any:
    from a2wsgi import WSGIMiddleware
    from flask import Flask
    from werkzeug.middleware.proxy_fix import ProxyFix

    app = Flask(__name__)
    app.secret_key = "of no use to anybody"
    app.register_blueprint(jobs.blueprint, url_prefix=below)
    also(app)
    if host == "flask-asgi":
        return jobs.asgi(WSGIMiddleware(app))  # type: ignore[arg-type]
    app.wsgi_app = ProxyFix(app.wsgi_app, x_prefix=1 if behind else 0)  # type: ignore[method-assign]
    return app


def _in_django(jobs: Coatcheck, host: str, below: str, behind: str, also: Callable[[Any], None]) -> Any:
    from django.core.asgi import get_asgi_application
    from django.core.wsgi import get_wsgi_application
    from django.urls import path

    from tests.hosts.django_project import URLS, Urls, set_up

    set_up()
    patterns: list[Any] = [path(f"{below}/".removeprefix("/"), jobs.urls)]
    also(patterns)
    urls = Urls(patterns)
    if host == "django-wsgi":
        by_wsgi = get_wsgi_application()
        return lambda environ, start_response: by_wsgi({**environ, URLS: urls, "SCRIPT_NAME": behind}, start_response)
    by_asgi = get_asgi_application()

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await by_asgi({**scope, URLS: urls}, receive, send)  # type: ignore[arg-type]

    return application if host == "django-without-lifespan" else jobs.asgi(application)


@contextmanager
def wsgi_serving(application: Any) -> Iterator[str]:
    """Serve a WSGI application by waitress, in threads, on a free loopback port; its URL."""
    from waitress.server import create_server

    sockets: dict[int, Any] = {}
    server: Any = create_server(application, map=sockets, host="127.0.0.1", port=0, threads=8, clear_untrusted_proxy_headers=False)
    thread = threading.Thread(target=server.run, name="waitress")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.trigger.pull_trigger(sockets.clear)  # in its loop, which goes on for as long as there is a socket
        thread.join()
        server.task_dispatcher.shutdown()
        server.close()
