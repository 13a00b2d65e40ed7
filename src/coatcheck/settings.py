"""What can be set from outside, in one frozen value.

An explicit argument beats the environment (`COATCHECK_` + the field's name in capitals), which beats the default.
"""

import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from coatcheck.errors import ConfigurationError

_LONGEST_LINK = 7 * 86400
"""Seconds that S3 lets a signature count."""


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
        if not re.fullmatch(r"[a-z_][a-z0-9_]{0,50}", self.schema):
            raise ConfigurationError(f"schema is {self.schema!r}; use lower-case letters, digits and underscores, at most 51.")
        _check_origins(self.cors_origins)
        if self.public_url is not None and not re.fullmatch(r"https?://[^/?#\s]+", self.public_url):
            raise ConfigurationError(f"public_url is {self.public_url!r}; write scheme and authority only, as in https://api.example.com.")

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
        if "cors_origins" in values:
            values["cors_origins"] = _several(values["cors_origins"])
        for name, setting in known.items():
            variable = f"COATCHECK_{name.upper()}"
            if name not in values and variable in environment:
                values[name] = _read(variable, environment[variable], type(setting.default))
        return cls(**values)


def _check_numbers(settings: Settings) -> None:
    for name in ("concurrency", "connections", "max_body", "body_timeout", "grace", "stall_limit", "poll_interval", "lease"):
        if not 0 < getattr(settings, name) < math.inf:
            raise ConfigurationError(f"{name} is {getattr(settings, name)!r}; it must be a number above zero.")
    for name, what in (("max_queued", "jobs"), ("max_in_flight", "jobs"), ("max_upload", "bytes")):
        if getattr(settings, name) < 0:
            raise ConfigurationError(f"{name} is {getattr(settings, name)!r}; it must be a number of {what}, or 0 for no bound.")
    if not 0 <= settings.signed_urls <= _LONGEST_LINK:
        raise ConfigurationError(
            f"signed_urls is {settings.signed_urls!r}; it must be a number of seconds, at most {_LONGEST_LINK}, or 0 for no links."
        )
    if not 0 <= settings.tombstone < math.inf:
        raise ConfigurationError(f"tombstone is {settings.tombstone!r}; it must be a number of seconds, 0 or more.")


def _read(variable: str, text: str, kind: type) -> object:
    try:
        if kind is bool:
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[text.lower()]
        if kind is tuple:
            return _several(text)
        return kind(text) if kind in (int, float) else text
    except (ValueError, KeyError):
        raise ConfigurationError(f"{variable}={text!r} cannot be read as {kind.__name__}.") from None


def _several(value: str | Iterable[str]) -> tuple[str, ...]:
    """Words that are listed, or written with commas between them."""
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else tuple(value)


def _check_origins(origins: Iterable[str]) -> None:
    for origin in origins:
        if origin != "*" and not re.fullmatch(r"https?://[a-z0-9.:\[\]-]+", origin):
            raise ConfigurationError(
                f"cors_origins has {origin!r}; an origin is scheme and host in lower case, as in https://app.example.com, or '*'."
            )
