"""A run of a request that has no job."""

from collections.abc import Mapping
from typing import Any, NoReturn

import msgspec

from coatcheck.blobs.contract import Blobs
from coatcheck.clock import Clock
from coatcheck.domain.claim import Claim
from coatcheck.domain.job import JobRecord
from coatcheck.domain.outcome import Completed, Ending, Raised
from coatcheck.domain.problem import operation_failed
from coatcheck.domain.progress import Progress
from coatcheck.domain.result import Result
from coatcheck.domain.state import Status
from coatcheck.ids import new_job_id
from coatcheck.operations.operation import Operation
from coatcheck.telemetry import Telemetry
from coatcheck.worker.ended import Ended
from coatcheck.worker.run import ActiveRun

_NOTHING = Completed(Result(media_type="application/json", size=4, digest="", body=b"null"))


class LosableRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was accepted, and is nowhere but here."""

    id: str
    """By which telemetry tells it from others. Nobody can look it up."""
    operation: Operation[..., Any]
    arguments: bytes
    owner: str

    @classmethod
    def new(cls, operation: Operation[..., Any], arguments: bytes, owner: str) -> "LosableRequest":
        return cls(id=new_job_id(), operation=operation, arguments=arguments, owner=owner)

    @property
    def facts(self) -> Mapping[str, str]:
        """What telemetry says of it."""
        return {"request": self.id, "operation": self.operation.name, "owner": self.owner}


class LosableRun(ActiveRun):
    """What its function says is told as telemetry and kept nowhere; it cannot be cancelled, and is not tried again."""

    def __init__(self, request: LosableRequest, clock: Clock, telemetry: Telemetry, *, grace: float) -> None:
        claim = Claim(job=_stand_in(request, clock.now()), worker="", fence=1, arguments=request.arguments)
        super().__init__(claim, clock, grace=grace)
        self.request, self._telemetry = request, telemetry

    def report(self, progress: Progress) -> None:
        self._telemetry.emit("losable.progress", percent=progress.percent, message=progress.message, **self.request.facts)

    def log(self, level: str, message: str) -> None:
        self._telemetry.emit("losable.log", level=level, message=message, **self.request.facts)

    def checkpoint(self, data: bytes) -> None:
        """No other attempt will go on from there."""

    def transact(self, apply: object) -> NoReturn:  # noqa: ARG002  there is nothing to complete
        raise RuntimeError("job.transaction() completes a job in the store, and a fire-and-forget request (durable=False) has none.")

    def tell(self, ended: Ended) -> bool:
        """Tell how it ended, if it came to an end of its own or was too slow. False: it was stopped in the middle."""
        match ended.ending:
            case Completed():
                self._telemetry.emit("losable.completed", **self.request.facts)
            case Raised(problem):
                self._telemetry.emit("losable.failed", reason=problem.detail or problem.title, error=ended.error, **self.request.facts)
            case _:
                return False
        return True

    def tell_overrun(self) -> None:
        """Tell that it goes on past its timeout and the grace. It keeps its place until it ends."""
        said = operation_failed("TimeoutError", "It ran past its timeout and goes on all the same.")
        self._telemetry.emit("losable.failed", reason=said.detail, error=None, **self.request.facts)


def dropped(value: Any, blobs: Blobs) -> Ending:
    """The function returned `value`, which nobody will ask for. Blocking where it is a file."""
    match value:
        case Completed(Result(blob=str() as key)):  # rows that it yielded
            blobs.delete([key])
    return _NOTHING


def _stand_in(request: LosableRequest, now: float) -> JobRecord:
    """What a run knows of its job, where there is none."""
    return JobRecord(
        id=request.id,
        owner=request.owner,
        operation=request.operation.name,
        status=Status.RUNNING,
        version=1,
        last_event=0,
        created_at=now,
        not_before=now,
        started_at=now,
        attempt=1,
        fence=1,
        timeout=request.operation.timeout,
    )
