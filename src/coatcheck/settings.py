"""What can be set from outside, in one frozen value.

An explicit argument beats the environment (`COATCHECK_` + the field's name in capitals), which beats the default.
"""

import math
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from coatcheck.errors import ConfigurationError

_LONGEST_LINK = 7 * 86400
"""Seconds that S3 lets a signature count."""
_SHORTEST_SECRET = 32
"""Characters."""
_LISTS: Mapping[str, Callable[[Any], Any]] = {"cors_origins": str, "webhook_allow": str, "webhook_schedule": float}
"""Settings that are lists, and what their items are."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one application."""

    store: str = "sqlite:///coatcheck.db"
    """Where jobs are kept. `sqlite:///relative.db` or `sqlite:////absolute.db`: a file on this host.
    `postgresql://user:password@host:5432/database`: a database that many hosts share."""

    schema: str = "coatcheck"
    """PostgreSQL: the schema that holds the tables. Another name is another store in the same database."""

    connections: int = 4
    """PostgreSQL: connections for requests that each event loop of a process opens at most; one more keeps leases, and a
    process has two for hints."""

    pooler: bool = False
    """PostgreSQL: whether the URL leads to a pooler that lends connections by the transaction, as PgBouncer can. There are no
    hints then, and changes are seen after `poll_interval`."""

    await_server: bool = False
    """PostgreSQL: whether a process starts though the server cannot be reached, and answers 503 until it can be. `coatcheck serve` has
    its API processes do so, once it has reached the server itself."""

    blobs: str | None = None
    """Where files are kept, uploads and results, which all processes must share: a directory, or `s3://bucket/prefix`. Default: a directory
    beside the SQLite file, its name + `.blobs`; in the database on PostgreSQL."""

    signed_urls: int = 0
    """Seconds for which a link to a result in a bucket lasts, at most 604800: results that are files answer 303 to one, and whoever has
    it can download. 0: they are sent through the application."""

    durability: str = "full"
    """`full`: a 202 survives a power cut. `process`: it survives the death of any process, not of the host; faster
    on slow disks."""

    mount: str = ""
    """Prefix of every route, for example `/api`."""

    jobs_path: str = "/jobs"
    """Where the job routes live, below `mount`."""

    public_url: str | None = None
    """Scheme and authority for absolute URLs, for example `https://api.example.com`. Default: URLs are absolute
    paths. The Host header is never trusted."""

    cors_origins: tuple[str, ...] = ()
    """Origins of web pages elsewhere whose scripts may call our routes, for example `https://app.example.com`; in the
    environment with commas between them. `*`: any page's, without cookies."""

    secret: str | None = field(default=None, metadata={"secret": True})
    """What stream tickets are signed with and webhook secrets are sealed with: at least 32 random characters, the same for all processes,
    as `openssl rand -base64 32` prints them. Without it there are none of either. To replace it, write the new one before the old one,
    with a comma between them, until nothing made with the old one is in use."""

    webhook_allow: tuple[str, ...] = ()
    """Networks beside the public Internet that webhooks may be sent to, for example `10.1.0.0/16,fd00:1::/64`."""

    webhook_http: bool = False
    """Whether webhooks may be sent to `http://` URLs, too: anybody on the way can read those."""

    webhook_ca: str | None = None
    """A file of certificates (PEM) of authorities that receivers of webhooks may have theirs from, beside those the host trusts."""

    webhook_schedule: tuple[float, ...] = ()
    """Seconds before each attempt to deliver a webhook, counted from the one before it; after the last one it is given up. Default:
    `0,5,300,1800,7200,18000,36000,50400,72000,86400`, three days in all. Up to a fifth is added to each at random."""

    webhook_deadline: float = 15.0
    """Seconds that one attempt may take, from looking the name up to the end of the answer."""

    embedded_worker: bool = True
    """Whether the web process runs jobs itself. `coatcheck serve` switches it off: its workers are processes."""

    concurrency: int = 8
    """Jobs that one worker runs at a time."""

    grace: float = 30.0
    """Seconds a run has to stop after SIGTERM, cancel or deadline."""

    stall_limit: float = 60.0
    """Seconds a worker process may give no sign of life before the supervisor kills it."""

    max_body: int = 1024 * 1024
    """Bytes of the largest request body; those that are kept as files have `max_upload`."""

    max_upload: int = 1024**3
    """Bytes of the largest body that is kept as files (`Upload`, `Lines`); 0: no limit. An operation's own comes first."""

    body_timeout: float = 30.0
    """Seconds in which a request's body must have come, and one more for each 16 KiB of it: slower than that, 408."""

    max_queued: int = 0
    """Jobs of all operations together that may wait before requests are turned away with 503; 0: each queue has its own bound only."""

    max_in_flight: int = 0
    """Jobs of all operations together that one owner may have waiting or running before its requests are turned away with 429;
    0: no bound. An operation's own comes on top."""

    submission_rate: str = ""
    """How often one owner may submit, as in `10/s`, `100/minute` or `500/10s`, told apart by each API process for itself; faster
    than that, 429. Default: no limit."""

    poll_rate: str = ""
    """Likewise, how often one owner may look at its jobs, their results and histories. Default: 500/10s where `authenticate` tells
    owners apart; `none`: no limit."""

    max_streams: int = 10_000
    """Event streams and WebSockets that one API process keeps open at once; more are turned away with 503. 0: no bound."""

    max_owner_streams: int = 100
    """Likewise those of one owner, where `authenticate` tells owners apart. 0: no bound."""

    stream_life: float = 300.0
    """Seconds after which a stream ends, and its client goes on with another; 20 at most under WSGI, where each holds a thread."""

    stream_keep_alive: float = field(default=15.0, metadata={"advanced": True})
    """Seconds of silence after which a stream sends a comment."""

    stream_stall: float = field(default=30.0, metadata={"advanced": True})
    """Seconds that a client of a stream may leave what is sent to it unread before it is cut off."""

    poll_interval: float = 1.0
    """Seconds between looks at the store when no hint comes."""

    lease: float = field(default=15.0, metadata={"advanced": True})
    """Seconds a claim lasts without a heartbeat; heartbeats come every fifth of it."""

    tombstone: float = 7 * 86400.0
    """Seconds for which an expired job answers 410 instead of 404."""

    failpoints: str = field(default="", metadata={"advanced": True})
    """Fault injection for tests; see `coatcheck.failpoints`."""

    def __post_init__(self) -> None:
        if self.durability not in ("full", "process"):
            raise ConfigurationError(f"durability is {self.durability!r}; it can be 'full' or 'process'.")
        for name in ("mount", "jobs_path"):
            path = getattr(self, name)
            if path and (not path.startswith("/") or path.endswith("/")):
                raise ConfigurationError(f"{name} is {path!r}; a path begins with a slash and does not end with one.")
        _check_numbers(self)
        if not re.fullmatch(r"(?!pg_)[a-z_][a-z0-9_]{0,50}", self.schema):
            raise ConfigurationError(
                f"schema is {self.schema!r}; use lower-case letters, digits and underscores, at most 51, and no pg_ in front."
            )
        _check_origins(self.cors_origins)
        if self.secret is not None and (shortest := min(map(len, self.secret.split(",")))) < _SHORTEST_SECRET:
            raise ConfigurationError(
                f"secret has {shortest} characters; it must have {_SHORTEST_SECRET} at least: openssl rand -base64 32 prints one."
            )
        if self.public_url is not None and not re.fullmatch(r"https?://[^/?#\s]+", self.public_url):
            raise ConfigurationError(f"public_url is {self.public_url!r}; write scheme and authority only, as in https://api.example.com.")

    @property
    def sends_webhooks(self) -> bool:
        """Whether webhooks are set up: a message has absolute URLs, and is signed with a secret that is sealed with ours."""
        return bool(self.public_url and self.secret)

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None, /, **explicit: Any) -> Self:
        """Settings from explicit arguments (None = not given), then the environment, then the defaults.

        Raises ConfigurationError for a value that cannot be read, or an argument that is no setting.
        """
        environment = os.environ if environment is None else environment
        known = {setting.name: setting for setting in fields(cls)}
        if unknown := explicit.keys() - known.keys():
            raise ConfigurationError(f"There is no setting {', '.join(sorted(unknown))}.")
        values: dict[str, Any] = {name: value for name, value in explicit.items() if value is not None}
        for name, setting in known.items():
            variable = f"COATCHECK_{name.upper()}"
            if name not in values and variable in environment:
                values[name] = _read(variable, environment[variable], type(setting.default))
        for name in _LISTS.keys() & values.keys():
            values[name] = _items(name, values[name])
        return cls(**values)


_BOUNDS = {"max_queued": "jobs", "max_in_flight": "jobs", "max_upload": "bytes", "max_streams": "streams", "max_owner_streams": "streams"}
"""Settings of which 0 means that there is no bound, and what they count."""


def _check_numbers(settings: Settings) -> None:
    for name in (
        "concurrency",
        "connections",
        "max_body",
        "body_timeout",
        "grace",
        "stall_limit",
        "poll_interval",
        "lease",
        "webhook_deadline",
        "stream_life",
        "stream_keep_alive",
        "stream_stall",
    ):
        if not 0 < getattr(settings, name) < math.inf:
            raise ConfigurationError(f"{name} is {getattr(settings, name)!r}; it must be a number above zero.")
    for name, what in _BOUNDS.items():
        if getattr(settings, name) < 0:
            raise ConfigurationError(f"{name} is {getattr(settings, name)!r}; it must be a number of {what}, or 0 for no bound.")
    if not 0 <= settings.signed_urls <= _LONGEST_LINK:
        raise ConfigurationError(
            f"signed_urls is {settings.signed_urls!r}; it must be a number of seconds, at most {_LONGEST_LINK}, or 0 for no links."
        )
    if not all(0 <= delay < math.inf for delay in settings.webhook_schedule):
        raise ConfigurationError(f"webhook_schedule is {settings.webhook_schedule!r}; it must be numbers of seconds, 0 or more.")
    if not 0 <= settings.tombstone < math.inf:
        raise ConfigurationError(f"tombstone is {settings.tombstone!r}; it must be a number of seconds, 0 or more.")


def _read(variable: str, text: str, kind: type) -> object:
    try:
        if kind is bool:
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[text.lower()]
        return kind(text) if kind in (int, float) else text
    except (ValueError, KeyError):
        raise ConfigurationError(f"{variable}={text!r} cannot be read as {kind.__name__}.") from None


def _items(name: str, value: str | Iterable[Any]) -> tuple[Any, ...]:
    """Items that are listed, or written with commas between them."""
    items = filter(None, map(str.strip, value.split(","))) if isinstance(value, str) else value
    try:
        return tuple(map(_LISTS[name], items))
    except ValueError as error:
        raise ConfigurationError(f"{name} is {value!r}: {error}.") from None


def _check_origins(origins: Iterable[str]) -> None:
    for origin in origins:
        if origin != "*" and not re.fullmatch(r"https?://[a-z0-9.:\[\]-]+", origin):
            raise ConfigurationError(
                f"cors_origins has {origin!r}; an origin is scheme and host in lower case, as in https://app.example.com, or '*'."
            )
