"""What an ending writes to its job, the same for every backend."""

from functools import cache
from typing import assert_never

import msgspec
from msgspec.structs import replace

from coatcheck.domain.event import EventType
from coatcheck.domain.outcome import Completed, Crashed, Failed, Outcome, Released, Rescheduled, verb
from coatcheck.domain.problem import Problem
from coatcheck.domain.result import Result
from coatcheck.domain.state import Status, Verb, transition
from coatcheck.store.text import encode_json


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """The columns that settling an outcome sets. `None` leaves a moment or the progress as it was."""

    verb: Verb
    status: Status
    """What becomes of a running job."""
    status_if_cancelling: Status
    """What becomes of one that was asked to stop."""
    delay: float | None = None
    """Seconds until the next attempt; None where none follows."""
    failures: int = 0
    crashes: int = 0
    percent: int | None = None
    problem: Problem | None = None
    result: Result | None = None
    reason: str | None = None

    @property
    def error(self) -> bytes | None:
        """The problem that the job keeps, as JSON: only a failed one has any."""
        return encode_json(self.problem) if self.status is Status.FAILED else None


def settlement(outcome: Outcome) -> Settlement:
    """What `outcome` writes."""
    ends = _ends(verb(outcome))
    match outcome:
        case Completed(result):
            return replace(ends, percent=100, result=result)
        case Failed(problem, crashed):
            return replace(ends, failures=int(not crashed), crashes=int(crashed), problem=problem, reason=_said(problem))
        case Rescheduled(problem, delay):
            return replace(ends, delay=delay, failures=1, problem=problem, reason=_said(problem))
        case Released(reason):
            return replace(ends, delay=0.0, reason=reason)
        case Crashed(reason):
            return replace(ends, delay=0.0, crashes=1, reason=reason)
        case _:
            assert_never(outcome)


@cache
def _ends(action: Verb) -> Settlement:
    return Settlement(verb=action, status=leads_to(Status.RUNNING, action), status_if_cancelling=leads_to(Status.CANCELLING, action))


@cache
def leads_to(status: Status, action: Verb) -> Status:
    """The status after a verb that is known to be possible."""
    after = transition(status, action)
    assert after is not None, (status, action)
    return after


def event_type(action: Verb, after: Status) -> EventType:
    """The event that tells of a run's end: the terminal one where the life is over, else what was done."""
    return _TERMINAL.get(after) or _PAUSES[action]


_TERMINAL = {status: EventType(status.value) for status in Status if status.terminal}
_PAUSES = {Verb.RESCHEDULE: EventType.ATTEMPT_FAILED, Verb.RELEASE: EventType.RELEASED, Verb.RESCUE: EventType.RESCUED}


def _said(problem: Problem) -> str:
    return problem.detail or problem.title
