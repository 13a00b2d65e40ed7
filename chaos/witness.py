"""What clients saw, and must not see otherwise later."""

from collections.abc import Iterator, Sequence
from typing import Any

from chaos.violation import Rule, Violation
from coatcheck.domain.job import JobRecord
from coatcheck.domain.state import Status

ENDING = ("status", "attempt", "completedAt", "result", "error")
"""Of a representation, what stays as it is once the job has ended."""


class Witness:
    """Remembers answers, and takes note of those that contradict each other."""

    def __init__(self) -> None:
        self.violations: list[Violation] = []
        self._jobs: dict[str, str] = {}
        self._endings: dict[str, dict[str, Any]] = {}

    @property
    def acknowledged(self) -> set[str]:
        """The ids of all jobs that some client was promised."""
        return set(self._jobs.values())

    def acknowledge(self, key: str, job_id: str) -> None:
        """A request with this idempotency key was answered with this job."""
        if self._jobs.setdefault(key, job_id) != job_id:
            self.violations.append(Violation(Rule.KEY, f"the key {key} led to {self._jobs[key]} before", job_id))

    def see(self, representation: dict[str, Any]) -> bool:
        """The job was shown like this; whether it has ended."""
        job_id = representation["jobId"]
        now = {name: representation.get(name) for name in ENDING}
        before = self._endings.get(job_id)
        if before is not None and before != now:
            self.violations.append(Violation(Rule.CHANGED, f"was {before}, and is {now}", job_id))
        if ended := Status(representation["status"]).terminal:
            self._endings.setdefault(job_id, now)
        return ended

    def forget(self, job_id: str) -> None:
        """The job is about to be retried: what comes now is another life."""
        self._endings.pop(job_id, None)

    def complain(self, said: str, job_id: str = "") -> None:
        """An answer was given that must never be given."""
        self.violations.append(Violation(Rule.ANSWER, said, job_id))

    def strangers(self, jobs: Sequence[JobRecord]) -> Iterator[Violation]:
        """Jobs that no acknowledged request led to: where every request was answered at last, some key made two of them."""
        for job in jobs:
            if job.id not in self.acknowledged:
                yield Violation(Rule.KEY, "no acknowledged request led to it", job.id)
