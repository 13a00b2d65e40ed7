"""Where our routes are, as the client sees them.

A URL is an absolute path, or absolute where `public_url` is set. The Host header is neither trusted nor stored: a path
below which the host application put us is read off the request's own path.
"""

from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from coatcheck.settings import Settings

if TYPE_CHECKING:
    from starlette.types import Scope  # whoever only runs jobs, and tells of them, loads no web framework

STATUS_ROUTE = "coatcheck:status"
"""Name of the status route, by which the host application finds it."""


class Urls(msgspec.Struct, frozen=True):
    """The URLs that one answer may speak of."""

    base: str
    """What stands before each of our routes."""
    jobs: str
    """The list of jobs."""
    origin: str = ""
    """What stands before a path of the application's own: `public_url`, where it is set."""
    webhooks: bool = False
    """Whether webhooks are sent, so that jobs have deliveries to look at."""

    def status(self, job_id: str) -> str:
        return f"{self.jobs}/{job_id}"

    def part(self, job_id: str, segment: str) -> str:
        """What lies below a job's status URL, such as its result."""
        return f"{self.jobs}/{job_id}/{segment}"

    @property
    def problems(self) -> str:
        """What stands before the kind in a problem's `type`."""
        return f"{self.base}/problems/"


@lru_cache(maxsize=256)
def _path(prefix: str) -> str:
    # One slash: a path that begins with two names another host (RFC 3986 §4.2).
    return "/" + quote(prefix.strip("/"), safe="/:@!$&'()*+,;=~-._") if prefix.strip("/") else ""


def _below(prefix: str, settings: Settings) -> Urls:
    origin = (settings.public_url or "").rstrip("/")
    base = f"{origin}{_path(prefix)}{settings.mount}"
    return Urls(base, f"{base}{settings.jobs_path}", origin, settings.sends_webhooks)


def here(scope: "Scope", own: str, settings: Settings) -> Urls:
    """The URLs beside the route `own` (its path as we registered it, `/jobs/{job_id}`), which is answering this request."""
    root: str = scope.get("root_path", "")
    path: str = scope["path"]
    if root and not path.startswith(root):  # a proxy took it off, and the server did not put it back
        path = root + path
    suffix = own.format_map(scope.get("path_params", {}))
    return _below(path.removesuffix(suffix) if path.endswith(suffix) else root, settings)


def from_elsewhere(scope: "Scope | None", settings: Settings, prefix: str = "") -> Urls:
    """The URLs of our routes as seen from a route of the host's own; without its request, below `prefix`, see `prefix_in`."""
    if scope is None:
        return _below(prefix, settings)
    root: str = scope.get("app_root_path", scope.get("root_path", ""))
    below = _prefix(scope.get("router"), settings)  # the outermost router, below `app_root_path`
    return _below(root + (below or ""), settings)


def prefix_in(host: object, settings: Settings) -> str:
    """Below which prefix `host`, a Starlette or FastAPI application, has our routes: empty where it has none."""
    below = _prefix(host, settings)
    return "" if below is None else getattr(host, "root_path", "").rstrip("/") + below


def _prefix(router: Any, settings: Settings) -> str | None:
    if router is None:
        return None
    from starlette.routing import NoMatchFound

    own = f"{settings.mount}{settings.jobs_path}/_"
    with suppress(NoMatchFound, AttributeError):
        path = str(router.url_path_for(STATUS_ROUTE, job_id="_"))
        if path.endswith(own):
            return path.removesuffix(own)
    return None
