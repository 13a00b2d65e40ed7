"""How a run ended, and what that makes of the job."""

import random
from typing import assert_never

import msgspec

from coatcheck.domain.problem import Problem
from coatcheck.domain.result import Result
from coatcheck.domain.retry import Backoff
from coatcheck.domain.state import Verb


class Completed(msgspec.Struct, frozen=True):
    """It returned."""

    result: Result


class Failed(msgspec.Struct, frozen=True):
    """It ended with a problem, and so does the job."""

    problem: Problem


class Rescheduled(msgspec.Struct, frozen=True):
    """It ended with a problem; another attempt follows in `delay` seconds."""

    problem: Problem
    delay: float


class Released(msgspec.Struct, frozen=True):
    """It stopped without an ending of its own; no retry is used up."""

    reason: str


Outcome = Completed | Failed | Rescheduled | Released


class Raised(msgspec.Struct, frozen=True):
    """It raised, or timed out: a problem that a retry may cure.

    `after` is the delay the function asked for; `final` says that it asked for no retry.
    """

    problem: Problem
    after: float | None = None
    final: bool = False


Ending = Completed | Raised | Released
"""How a run ended, before the retry policy was asked."""


def decide(ending: Ending, *, failures: int, max_attempts: int, backoff: Backoff, random: random.Random) -> Outcome:
    """What an ending makes of the job, given the `failures` it had in this life before."""
    match ending:
        case Completed() | Released():
            return ending
        case Raised(problem, after, final):
            if final or failures + 1 >= max_attempts:
                return Failed(problem)
            return Rescheduled(problem, backoff.delay(failures + 1, random) if after is None else after)
        case _:
            assert_never(ending)


def verb(outcome: Outcome) -> Verb:
    """What is done to the job by settling `outcome`."""
    match outcome:
        case Completed():
            return Verb.COMPLETE
        case Failed():
            return Verb.FAIL
        case Rescheduled():
            return Verb.RESCHEDULE
        case Released():
            return Verb.RELEASE
        case _:
            assert_never(outcome)
