"""How many jobs there may be: what every store decides in the transaction that would add one."""

from collections.abc import Iterator

import msgspec

from coatcheck.domain.job import Submission
from coatcheck.errors import NoRoom, QueueFull, TooManyJobs


class Scope(msgspec.Struct, frozen=True):
    """Jobs that are counted together: those in a queue, or those that an owner has queued or running. None: of all operations."""

    operation: str | None
    owner: str | None = None

    @property
    def exact(self) -> bool:
        """Whether each job is counted: an owner's few are, a queue's many need not be."""
        return self.owner is not None


class Bound(msgspec.Struct, frozen=True):
    """Of the jobs in a scope, how many there may be."""

    scope: Scope
    limit: int

    def refusal(self) -> NoRoom:
        """What a submission is told for which there is no place."""
        of_operation = "" if self.scope.operation is None else f" of {self.scope.operation!r}"
        if self.scope.owner is None:
            said = f"{self.limit} jobs{of_operation} are waiting already. Nothing was accepted; try again later."
            return QueueFull(said, limit=self.limit, operation=self.scope.operation)
        said = f"You have {self.limit} jobs{of_operation} waiting or running already. Nothing was accepted; try again when one has ended."
        return TooManyJobs(said, limit=self.limit, operation=self.scope.operation)


def bounds(submission: Submission) -> Iterator[Bound]:
    """Those that a submission must keep, the owner's own first."""
    if submission.in_flight_bound is not None:
        yield Bound(Scope(submission.operation, submission.owner), submission.in_flight_bound)
    if submission.total_in_flight_bound is not None:
        yield Bound(Scope(None, submission.owner), submission.total_in_flight_bound)
    yield Bound(Scope(submission.operation), submission.queue_bound)
    if submission.total_queue_bound is not None:
        yield Bound(Scope(None), submission.total_queue_bound)
