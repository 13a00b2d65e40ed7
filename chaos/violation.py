"""Something that must never be true, and is."""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum, unique

import msgspec


@unique
class Rule(StrEnum):
    """What was broken."""

    LOST = "lost jobs"
    """A job that a client was promised is not there."""
    UNENDED = "jobs that never ended"
    ENDINGS = "double outcomes"
    """A life of a job ended, and then something else happened than a retry."""
    RESULT = "stale results"
    """A result is not that of the attempt that settled."""
    WRITER = "stale writes"
    """A run wrote something, or kept a checkpoint, while another one held the job."""
    NUMBERS = "gaps"
    """Events or attempts are not numbered one by one."""
    TRANSITION = "illegal transitions"
    """The domain's table knows no such step."""
    RECORD = "records that do not fit"
    """The job's row says something else than its history."""
    DEPTH = "wrong depths"
    """The counters of waiting and running jobs are wrong."""
    KEY = "keys with two jobs"
    CHANGED = "endings that changed"
    """A client saw a job end in one way, and later in another."""
    ANSWER = "wrong answers"
    """The API answered with what it must never answer with."""
    FILE = "damaged files"
    LEFT = "processes left"


class Violation(msgspec.Struct, frozen=True):
    """One thing that is wrong with one job, or, where `job` is empty, with the whole."""

    rule: Rule
    said: str
    job: str = ""

    def __str__(self) -> str:
        return f"{self.rule}: {f'{self.job}: ' if self.job else ''}{self.said}"


def broken(violations: Iterable[Violation]) -> dict[str, int]:
    """Each rule, and how often it was broken."""
    found = Counter(violation.rule for violation in violations)
    return {rule.value: found[rule] for rule in Rule}
