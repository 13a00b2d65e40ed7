"""Who may send how many requests: rates per owner, counted by each process for itself."""

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from coatcheck.clock import Clock
from coatcheck.domain.owner import OPERATOR
from coatcheck.domain.rate import Rate, parse_rate
from coatcheck.errors import ConfigurationError, RateLimited
from coatcheck.http.buckets import Buckets, Level
from coatcheck.operations.operation import Operation
from coatcheck.settings import Settings
from coatcheck.wire.limits import format_policy, format_remaining

POLLS = Rate(500, 10.0)
"""How often an owner may look at its jobs unless the settings say otherwise."""

TRIALS = Rate(20, 60.0)
"""How often an owner may have a test message sent: each is stored for a day, and goes to a place of the owner's choice."""

Named = tuple[str, Buckets]
"""A limit, and the name it goes by in header fields."""


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of a request."""

    headers: dict[str, str]
    """`RateLimit` and `RateLimit-Policy`, where a limit applies."""
    refused: RateLimited | None = None


class Admission:
    """Lets requests in as often as the settings and the operations say. Raises ConfigurationError for a rate it cannot read."""

    def __init__(self, settings: Settings, clock: Clock, *, told_apart: bool) -> None:
        self._clock = clock
        self._max_in_flight = settings.max_in_flight
        polls = POLLS if told_apart and not settings.poll_rate else _rate("poll_rate", settings.poll_rate)
        self._polls = _limits("polls", polls)
        self._submissions = _limits("submissions", _rate("submission_rate", settings.submission_rate))
        self._trials = _limits("webhook-tests", TRIALS)
        self._operations: dict[str, list[Named]] = {}

    def poll(self, owner: str) -> Verdict:
        """A look at a job, its result, its history, or at several jobs."""
        return self._judge(self._polls, owner, ())

    def trial(self, owner: str) -> Verdict:
        """A test message to a webhook."""
        return self._judge(self._trials, owner, ())

    def submission(self, operation: Operation[..., Any], owner: str) -> Verdict:
        """A request for `operation`."""
        if (limits := self._operations.get(operation.name)) is None:
            limits = self._operations[operation.name] = [*self._submissions, *_limits(operation.name, operation.rate)]
        return self._judge(limits, owner, self._in_flight(operation))

    def _in_flight(self, operation: Operation[..., Any]) -> Sequence[str]:
        """The policies of jobs under way, which the store keeps."""
        bounds = ((None, self._max_in_flight), (operation.name, operation.max_in_flight))
        return [format_policy(jobs_limit(name), bound, unit="concurrent-requests") for name, bound in bounds if bound]

    def _judge(self, limits: Sequence[Named], owner: str, others: Sequence[str]) -> Verdict:
        if owner == OPERATOR or not (limits or others):
            return Verdict({})
        now = self._clock.monotonic()
        wait = max((buckets.level(owner, now).wait for _, buckets in limits), default=0.0)
        policies = [format_policy(name, buckets.rate.times, seconds=buckets.rate.seconds) for name, buckets in limits]
        headers = {"RateLimit-Policy": ", ".join([*policies, *others])}
        if limits:  # a request that is refused costs nothing
            levels = [(name, buckets.level(owner, now) if wait else buckets.take(owner, now)) for name, buckets in limits]
            headers["RateLimit"] = ", ".join(_remaining(name, level) for name, level in levels)
        return Verdict(headers, RateLimited(retry_after=wait) if wait else None)


def jobs_limit(operation: str | None) -> str:
    """The name that the limit of an owner's jobs goes by; None: of all operations together."""
    return "jobs" if operation is None else f"{operation}-jobs"


def _remaining(name: str, level: Level) -> str:
    return format_remaining(name, level.tokens, seconds=math.ceil(level.full_in if level.tokens else level.wait))


def _limits(name: str, rate: Rate | None) -> list[Named]:
    return [] if rate is None else [(name, Buckets(rate))]


def _rate(name: str, text: str) -> Rate | None:
    if text in ("", "none"):
        return None
    try:
        return parse_rate(text)
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}") from None
