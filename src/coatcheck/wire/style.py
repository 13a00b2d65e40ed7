"""The shape in which jobs are shown over HTTP, where it is not our own."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from itertools import chain
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from coatcheck.domain.result import INLINE_LIMIT, STORED_LIMIT
from coatcheck.domain.state import Status
from coatcheck.errors import ConfigurationError
from coatcheck.wire.representation import Representation

MEMBERS: Final = Representation.__struct_encode_fields__
"""What a representation is made of, by the names of our own style."""
SEGMENTS: Final = ("result", "events", "retry")
"""Parts of a job's URLs that can be called otherwise; the links are called like them."""
JSON_TYPES: Final = ("", "application/json", "application/*+json")
"""Media types of requests that are read as JSON; the empty one is none at all."""

_OUTCOMES = (
    (Status.QUEUED, Status.RUNNING, Status.CANCELLING),
    (Status.COMPLETED,),
    (Status.FAILED, Status.CANCELLED),
)
"""Statuses that may go by one name: whoever reads it must not take one that goes on for one that ended, or no result for one."""
_SEGMENT = re.compile(r"[A-Za-z0-9._~-]{1,50}")
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+*-]+/[a-z0-9!#$&^_.+*-]+|")
_LONGEST_PAUSE = 3600


@dataclass(frozen=True, kw_only=True)
class HttpStyle:
    """How jobs are shown, so that an API that has a shape of its own already can be met.

        Coatcheck(style=HttpStyle(pending_status=202, members={"percentComplete": "progressPct"}))

    For a whole application, or for one operation (`style=` of `@jobs.operation`), whose own takes the place of the
    application's, member by member: nothing is mixed. The descriptions in `/openapi.json` follow, and so does
    `coatcheck.client` when it is given the same style. Raises ConfigurationError for what cannot work, and for what would no
    longer tell the truth.
    """

    pending_status: Literal[200, 202] = 200
    """Status code of a look at a job that has not ended."""
    completed: Literal["status", "redirect", "body"] = "status"
    """What a look at a job that has ended gives: its representation; for a completed or failed job a 303 to the result's URL;
    for a completed job the result itself."""
    inline_limit: int = INLINE_LIMIT
    """Bytes up to which a JSON result stands in the representation; 0: never. At most `STORED_LIMIT`, 10 MiB."""
    members: Mapping[str, str | Collection[str]] = field(default_factory=dict)
    """Other names for members, by our own; several names for one show it as often: `{"jobId": ("jobId", "id")}`."""
    only: Collection[str] | None = None
    """Members that are shown, by our own names; None shows all."""
    omit_null: bool = False
    """Whether members without a value are left out."""
    statuses: Mapping[str, str] = field(default_factory=dict)
    """Other names for statuses, by our own; several statuses may go by one."""
    error: Literal["problem", "message"] = "problem"
    """Whether `error` is a problem document (RFC 9457), or one sentence."""
    links: Literal["map", "array"] = "map"
    """Whether `_links` is `{rel: {href, method}}` or `[{rel, href, method}]`."""
    events: Literal["history", "stream"] = "history"
    """What a job's events URL gives to who asks neither for `text/event-stream` nor for `application/json`. The application's alone."""
    segments: Mapping[str, str] = field(default_factory=dict)
    """Other names for the last part of a job's URLs, and for the links to them: `{"events": "progress"}`. The
    application's alone."""
    json_types: Collection[str] = JSON_TYPES
    """Media types of requests that are read as JSON, `*` for anything; `""` is none at all."""
    retry_after: tuple[int, int] = (5, 60)
    """Seconds that `Retry-After` asks for at least and at most."""
    webhook_body: Literal["event", "representation"] = "event"
    """What a webhook's body is: `{type, timestamp, data}`, the representation being `data`; or the representation alone."""

    def __post_init__(self) -> None:
        self._freeze()
        for name in ("pending_status", "completed", "error", "links", "events", "webhook_body"):
            choices = get_args(next(known for known in fields(self) if known.name == name).type)
            _require(getattr(self, name) in choices, f"{name}={getattr(self, name)!r} can be {' or '.join(map(repr, choices))}")
        _require(0 <= self.inline_limit <= STORED_LIMIT, f"inline_limit={self.inline_limit!r} can be 0 to {STORED_LIMIT} bytes")
        self._check_members()
        self._check_statuses()
        _known("segments", self.segments, SEGMENTS)
        _require(all(map(_SEGMENT.fullmatch, self.segments.values())), "segments are letters, digits and . _ ~ -")
        shown = [self.segment(segment) for segment in SEGMENTS]
        _require(len({*shown}) == len(shown), f"segments={dict(self.segments)!r} leads two URLs to one place")
        _require(bool(self.json_types), "json_types=() would take no request at all")
        _require(
            all(map(_MEDIA_TYPE.fullmatch, self.json_types)), f"json_types={self.json_types!r}: write them in lower case, type/subtype"
        )
        least, most = self.retry_after
        _require(1 <= least <= most <= _LONGEST_PAUSE, f"retry_after={self.retry_after!r}: two numbers of seconds, 1 to {_LONGEST_PAUSE}")

    def names(self, member: str) -> tuple[str, ...]:
        """What a member is called; nothing where it is not shown."""
        if self.only is not None and member not in self.only:
            return ()
        return tuple(self.members.get(member, (member,)))

    def status(self, status: Status) -> str:
        """What a status is called."""
        return self.statuses.get(status, status.value)

    def segment(self, segment: str) -> str:
        """What the last part of a URL, and the link to it, is called."""
        return self.segments.get(segment, segment)

    @cached_property
    def own_shape(self) -> bool:
        """Whether representations have another shape than our own."""
        return bool(self.members or self.only is not None or self.omit_null or self.statuses or self.segments) or (
            self.error,
            self.links,
        ) != (
            "problem",
            "map",
        )

    def _freeze(self) -> None:
        aliases = {name: (shown,) if isinstance(shown, str) else tuple(shown) for name, shown in self.members.items()}
        frozen: dict[str, Any] = {
            "members": MappingProxyType(aliases),
            "only": None if self.only is None else frozenset(self.only),
            "statuses": MappingProxyType(dict(self.statuses)),
            "segments": MappingProxyType(dict(self.segments)),
            "json_types": tuple(self.json_types),
            "retry_after": tuple(self.retry_after),
        }
        for name, value in frozen.items():
            object.__setattr__(self, name, value)

    def _check_members(self) -> None:
        _known("members", self.members, MEMBERS)
        _known("only", self.only or (), MEMBERS)
        _require(self.only is None or "status" in self.only, "only= without 'status' would hide how a job stands")
        _require(all(self.members.values()), f"members={dict(self.members)!r}: to leave a member out, use only=")
        shown = list(chain.from_iterable(map(self.names, MEMBERS)))
        twice = sorted({name for name in shown if shown.count(name) > 1})
        _require(not twice, f"members={dict(self.members)!r} gives two values the name {', '.join(map(repr, twice))}")
        _require(all(shown), "members have names that are not empty")

    def _check_statuses(self) -> None:
        _known("statuses", self.statuses, tuple(Status))
        _require(all(self.statuses.values()), "statuses have names that are not empty")
        for outcome in _OUTCOMES:
            meaning = {self.status(status) for status in outcome}
            others = {word for status in Status if status not in outcome for word in (self.status(status), status.value)}
            mistaken = sorted(meaning & others)
            _require(
                not mistaken,
                f"statuses={dict(self.statuses)!r}: {', '.join(map(repr, mistaken))} would not tell how a job ended, or whether",
            )


def _known(name: str, given: Collection[str], known: Collection[str]) -> None:
    unknown = sorted(set(given) - set(known))
    _require(not unknown, f"{name}: there is no {', '.join(map(repr, unknown))}; there are {', '.join(known)}")


def _require(condition: object, what: str) -> None:
    if not condition:
        raise ConfigurationError(f"HttpStyle: {what}.")


NATIVE: Final = HttpStyle()
"""Our own style."""
