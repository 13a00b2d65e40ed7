"""What both kinds of client share: how they are made, and what is known of a job."""

import math
from collections.abc import Mapping
from typing import Any, TypedDict

import httpx2

from coatcheck.client.exchange import Manners, Send
from coatcheck.client.looking import Seen
from coatcheck.domain.problem import Problem
from coatcheck.domain.state import Status
from coatcheck.errors import ConfigurationError
from coatcheck.wire.prefer import MAX_WAIT
from coatcheck.wire.problems import parse
from coatcheck.wire.representation import Representation
from coatcheck.wire.style import HttpStyle

_MARGIN = 5.0
"""Seconds that an answer takes at most, once it is held back no longer."""
_SILENCE = 20.0
"""Seconds after which a stream of events is silent at least: it says something every 15."""
_PLAIN = ("attempts", "poll_interval", "max_poll_interval", "stream", "style")


class Options(TypedDict, total=False):
    """Keyword arguments of both clients."""

    headers: Mapping[str, str]
    """Sent with each request to the application's origin, and to no other."""
    auth: Any
    """Credentials, as httpx2 takes them; likewise."""
    timeout: float | None
    """Seconds for connecting, and between two pieces of an answer; default 30."""
    jobs_path: str
    """Where the application has its job routes, below `base_url`; default `/jobs`."""
    attempts: int
    """How often a request is sent before giving up; default 5."""
    poll_interval: float
    """Seconds between two looks at a job, instead of what the application asks for. For one's own application."""
    max_poll_interval: float
    """Seconds that a Retry-After is followed at most; default: as told."""
    stream: bool
    """Whether jobs are followed by the application's stream of events where it has one; default yes."""
    style: HttpStyle
    """How the application shows its jobs, where that is not our own style: the same value as its `Coatcheck(style=…)`."""


def connection(options: Options) -> dict[str, Any]:
    """The options that httpx2 takes."""
    return {"timeout": 30.0, **{name: value for name, value in options.items() if name in ("headers", "auth", "timeout")}}


def manners(base_url: str | httpx2.URL, options: Options, patience: float | None = None) -> Manners:
    """The options that say how to behave, to an application whose answers are waited for up to `patience` seconds (None: for ever).

    Raises ConfigurationError for a base URL that is none.
    """
    base = httpx2.URL(base_url)
    if base.scheme not in ("http", "https") or not base.host:
        raise ConfigurationError(f"base_url={str(base_url)!r}: give the application's URL, as in 'https://api.example.com'.")
    chosen: Any = {name: value for name, value in options.items() if name in _PLAIN}
    patience = math.inf if patience is None else patience
    held = 0.0 if "poll_interval" in chosen else min(MAX_WAIT, patience - _MARGIN)
    return Manners(base_url=base, held=max(0.0, held), silence=max(_SILENCE, patience), **chosen)


def prepare(http: httpx2.Client | httpx2.AsyncClient, send: Send, content: Any) -> tuple[httpx2.Request, Any]:
    """The request, and the `auth` to send it with: nothing of the client's own goes to another origin."""
    timeout = http.timeout.as_dict() | ({} if send.silence is None else {"read": send.silence})
    sent: dict[str, Any] = {"headers": send.headers, "content": content, "extensions": {"timeout": timeout}}
    if send.trusted:
        return http.build_request(send.method, send.url, **sent), httpx2.USE_CLIENT_DEFAULT
    return httpx2.Request(send.method, send.url, **sent), None


class KnownJob:
    """A job as it was last seen."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen

    @property
    def representation(self) -> Representation:
        """All that the application said of the job."""
        return self._seen.representation

    @property
    def url(self) -> str:
        """The status URL: what another process needs to find the job again."""
        return str(self._seen.url)

    @property
    def id(self) -> str:
        return self.representation.job_id

    @property
    def status(self) -> Status:
        return self.representation.status

    @property
    def percent_complete(self) -> int | None:
        return self.representation.percent_complete

    @property
    def error(self) -> Problem | None:
        """Why it failed; None unless it did."""
        return None if self.representation.error is None else parse(self.representation.error)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r}, {self.status.value})"
