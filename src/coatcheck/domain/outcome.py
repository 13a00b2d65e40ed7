"""How a run ended, and what that makes of the job."""

import random
from typing import assert_never

import msgspec

from coatcheck.domain.problem import Problem, worker_lost
from coatcheck.domain.result import Result
from coatcheck.domain.retry import Backoff
from coatcheck.domain.state import Verb


class Completed(msgspec.Struct, frozen=True):
    """It returned."""

    result: Result


class Failed(msgspec.Struct, frozen=True):
    """It ended with a problem, and so does the job."""

    problem: Problem
    crashed: bool = False
    """Whether its process died, for the last time that is borne, and the function failed at nothing."""


class Rescheduled(msgspec.Struct, frozen=True):
    """It ended with a problem; another attempt follows in `delay` seconds."""

    problem: Problem
    delay: float


class Released(msgspec.Struct, frozen=True):
    """It stopped without an ending of its own; no retry is used up."""

    reason: str


class Crashed(msgspec.Struct, frozen=True):
    """The process it ran in died under it. No retry is used up, but only so many crashes are borne."""

    reason: str


Outcome = Completed | Failed | Rescheduled | Released | Crashed

CRASH_LIMIT = 3
"""Losses of its worker, or of its own process, after which a job is failed."""


class Raised(msgspec.Struct, frozen=True):
    """It raised, or timed out: a problem that a retry may cure.

    `after` is the delay the function asked for; `final` says that it asked for no retry.
    """

    problem: Problem
    after: float | None = None
    final: bool = False


Ending = Completed | Raised | Released | Crashed
"""How a run ended, before the retry policy was asked."""


def decide(ending: Ending, *, failures: int, crashes: int, max_attempts: int, backoff: Backoff, random: random.Random) -> Outcome:
    """What an ending makes of the job, given the `failures` and `crashes` it had in this life before."""
    match ending:
        case Completed() | Released():
            return ending
        case Raised(problem, after, final):
            if final or failures + 1 >= max_attempts:
                return Failed(problem)
            return Rescheduled(problem, backoff.delay(failures + 1, random) if after is None else after)
        case Crashed(reason):
            return ending if crashes + 1 < CRASH_LIMIT else Failed(worker_lost(crashes + 1, reason), crashed=True)
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
        case Crashed():
            return Verb.RESCUE
        case _:
            assert_never(outcome)
