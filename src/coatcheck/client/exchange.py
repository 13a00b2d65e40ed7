"""One request and its answer, without I/O: what to send, how long to wait, and when to try again.

A flow is a generator. It yields `Send` and is given the response, or has a transport error thrown into it; it yields
`Wait` and is given nothing. Flows that follow a job yield `Receive`, too, and are given the next event of the stream that a
`Send` has opened, or None at its end; and `Tell`, for what whoever asked is to be told meanwhile. Whoever drives a flow does
the I/O (`blocking_driver`, `asynchronous_driver`).
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import httpx2

from coatcheck.client.body import Body
from coatcheck.client.errors import ApiError, Unreachable
from coatcheck.domain.retry import Backoff
from coatcheck.wire.headers import parse_retry_after
from coatcheck.wire.style import NATIVE, HttpStyle

T = TypeVar("T")

DEFAULT_DELAY = 5.0
"""Seconds between two looks where no Retry-After says otherwise."""
MAX_REDIRECTS = 5

_REDIRECTS = (301, 302, 303, 307, 308)
NOTHING_DONE = (429, 503)
"""Answers that say that nothing happened and that trying again may help."""
OUTCOME_UNKNOWN = (502, 504)
"""Answers of something in between: the request may have got through."""
NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
_HOPELESS = (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError)


@dataclass(frozen=True, kw_only=True)
class Send:
    """Send this request and give back the response."""

    method: str
    url: httpx2.URL
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | None = None
    trusted: bool
    """Whether the client's credentials may go along: never to another origin."""
    into: Path | None = None
    """Where the body of a success goes instead of memory."""
    silence: float | None = None
    """Where the answer may be a stream of events: the seconds for which one may be silent before it counts as broken. Its body
    is left for `Receive`."""


@dataclass(frozen=True)
class Wait:
    """Let that many seconds pass."""

    seconds: float


@dataclass(frozen=True)
class Receive:
    """Give back the next event of the stream that was opened last; None once it has ended."""


@dataclass(frozen=True)
class Tell:
    """Hand this to whoever follows."""

    news: Any


Steps = Generator[Send | Wait | Receive | Tell, Any, T]


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How a client behaves towards the application."""

    base_url: httpx2.URL
    attempts: int = 5
    """How often a request is sent before giving up."""
    backoff: Backoff = field(default_factory=lambda: Backoff(base=0.5, cap=30.0))
    poll_interval: float | None = None
    """Seconds between two looks at a job, whatever the application asks for; None does as it asks."""
    max_poll_interval: float | None = None
    """Seconds that a Retry-After is followed at most."""
    held: float = 0.0
    """Seconds for which an answer may be held back; below 1: not at all."""
    stream: bool = True
    """Whether jobs are followed by the application's stream of events, where it has one."""
    silence: float = 30.0
    """Seconds for which a stream may be silent before it counts as broken."""
    style: HttpStyle = NATIVE
    """How the application shows its jobs."""
    random: Random = field(default_factory=Random)

    def trusts(self, url: httpx2.URL) -> bool:
        """Whether `url` has the origin (RFC 6454) that the credentials are meant for."""
        return (url.scheme, url.host, url.port) == (self.base_url.scheme, self.base_url.host, self.base_url.port)

    def pace(self, delay: float) -> float:
        """Seconds until the next look, when the application asks for `delay`."""
        return self.capped(delay) if self.poll_interval is None else self.poll_interval

    def capped(self, delay: float) -> float:
        """`delay`, followed no longer than `max_poll_interval`."""
        return delay if self.max_poll_interval is None else min(delay, self.max_poll_interval)


def fetch(
    manners: Manners, url: httpx2.URL, headers: Mapping[str, str], *, into: Path | None = None, to_another: bool = True
) -> Steps[httpx2.Response]:
    """GET, redirects followed, credentials left behind where they lead to another origin.

    Without `to_another`, a 303, which leads to another resource than the one asked for, is the answer.

    Raises ApiError for an answer of 400 and above, Unreachable when none came.
    """
    for _ in range(MAX_REDIRECTS + 1):
        send = Send(method="GET", url=url, headers=headers, trusted=manners.trusts(url), into=into)
        response = yield from exchange(manners, send)
        if response.status_code not in _REDIRECTS or "Location" not in response.headers:
            return response
        if response.status_code == httpx2.codes.SEE_OTHER and not to_another:
            return response
        url = url.join(response.headers["Location"])
    raise ApiError.unexpected(response, f"It redirects more than {MAX_REDIRECTS} times.")


def exchange(manners: Manners, send: Send, *, repeatable: bool = True) -> Steps[httpx2.Response]:
    """Send a request until it is answered; an answer lost on the way is asked for again where that is `repeatable`.

    Raises ApiError for an answer of 400 and above, Unreachable when none came.
    """
    for attempt in range(1, manners.attempts + 1):
        delay = manners.backoff.delay(attempt, manners.random)
        try:
            response: httpx2.Response = yield send
        except httpx2.TransportError as error:
            again = repeatable or isinstance(error, NEVER_SENT)
            if attempt == manners.attempts or not again or isinstance(error, _HOPELESS):
                raise Unreachable(why(send, attempt, error)) from error
        else:
            again = response.status_code in NOTHING_DONE or (repeatable and response.status_code in OUTCOME_UNKNOWN)
            if attempt == manners.attempts or not again:
                break
            delay = max(delay, retry_after(response) or 0.0)
        yield Wait(manners.capped(delay))
    if response.status_code >= 400:
        raise ApiError.of(response)
    return response


def retry_after(response: httpx2.Response) -> float | None:
    """Seconds that the response asks to wait, a date taken by the application's own clock."""
    try:
        now = parsedate_to_datetime(response.headers.get("Date", "")).timestamp()
    except ValueError:
        now = None
    value = response.headers.get("Retry-After", "")
    if now is None and not value.strip().isdigit():
        return None
    return parse_retry_after(value, now or 0.0)


def why(send: Send, attempts: int, error: Exception) -> str:
    """What to say of a request that was never answered."""
    times = "once" if attempts == 1 else f"{attempts} times"
    url = send.url.copy_with(username=None, password=None)
    return f"{send.method} {url}: sent {times} without an answer ({type(error).__name__}: {error})."
