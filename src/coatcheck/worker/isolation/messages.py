"""What a worker, its fork server and the jobs' processes tell each other. JSON, never pickle."""

import msgspec

from coatcheck.domain.claim import Claim
from coatcheck.domain.outcome import Completed, Ending, Raised, Released
from coatcheck.domain.problem import Problem
from coatcheck.domain.result import Result
from coatcheck.store.text import encode_json
from coatcheck.worker.run import Interruption
from coatcheck.worker.unsaid import Said

# From the worker to a job's process -----------------------------------------------------------------------------------


class Begin(msgspec.Struct, frozen=True):
    """What to run."""

    claim: Claim
    grace: float
    """Seconds it has to end once it is told to."""


class Told(msgspec.Struct, frozen=True):
    """Whether the run must end, and whether its worker is shutting down."""

    interruption: Interruption | None
    stopping: bool


# From a job's process to the worker ------------------------------------------------------------------------------------


class Spoke(msgspec.Struct, frozen=True, tag="said"):
    """What the run said."""

    said: Said


class Returned(msgspec.Struct, frozen=True, tag="returned"):
    """The function returned. A file has been stored by now."""

    result: Result


class Stopped(msgspec.Struct, frozen=True, tag="stopped"):
    """The function raised, or what it returned cannot be kept; `traceback` is for operators."""

    problem: Problem | None
    """None: it stopped because it was told to."""
    after: float | None = None
    final: bool = False
    traceback: str | None = None


Word = Spoke | Returned | Stopped


def last_word(ending: Ending, traceback: str | None) -> Returned | Stopped:
    """An ending as a message."""
    match ending:
        case Completed(result):
            return Returned(result)
        case Raised(problem, after, final):
            return Stopped(problem, after, final, traceback)
        case _:
            return Stopped(None)


def ending_of(word: Returned | Stopped) -> Ending:
    """The message's ending."""
    match word:
        case Returned(result):
            return Completed(result)
        case Stopped(problem, after, final):
            return Released("it was told to stop") if problem is None else Raised(problem, after, final)


# From the fork server to the worker ------------------------------------------------------------------------------------


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The application is imported; jobs can be forked."""


class Unable(msgspec.Struct, frozen=True, tag="unable"):
    """The application cannot be imported here."""

    reason: str


class Exited(msgspec.Struct, frozen=True, tag="exited"):
    """A job's process has ended, and so have all that descended from it."""

    number: int
    """Which one, by the worker's count."""
    status: int | None
    """Exit status, negative for a signal; None where no process could be made."""
    cpu: float = 0.0
    """Seconds of processor time it used."""


Report = Ready | Unable | Exited

begins: msgspec.json.Decoder[Begin] = msgspec.json.Decoder(Begin)
tells: msgspec.json.Decoder[Told] = msgspec.json.Decoder(Told)
words: msgspec.json.Decoder[Word] = msgspec.json.Decoder(Word)
reports: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)
encode = encode_json
