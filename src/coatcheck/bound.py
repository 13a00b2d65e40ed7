"""An operation of an application: the function it was, and a place to submit requests for it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast

from coatcheck.domain.owner import EVERYONE
from coatcheck.handle import Handle
from coatcheck.http.wiring import Wiring
from coatcheck.operations.operation import Operation

if TYPE_CHECKING:
    from starlette.requests import Request

    from coatcheck.http.accepted import Accepted

C = ParamSpec("C")
P = ParamSpec("P")
V = TypeVar("V")
R = TypeVar("R")


@dataclass(frozen=True)
class _Options:
    owner: str = EVERYONE
    idempotency_key: str | None = None
    delay: float = 0.0
    connection: object = None


class BoundOperation(Generic[C, V, P, R]):
    """What `@jobs.operation` makes of a function: callable as the plain function it was, and open for submissions.

    `C` and `V` are the function's own parameters and return type; `P` its parameters but for the job, and `R` the type
    of its result.
    """

    def __init__(self, operation: Operation[C, Any], wiring: Callable[[], Wiring], options: _Options = _Options()) -> None:
        self.definition = operation
        """What was registered."""
        self._wiring, self._options = wiring, options
        update_wrapper(self, operation.function)

    def __call__(self, *args: C.args, **kwargs: C.kwargs) -> V:
        """Call the plain function, here and now: no job, nothing stored."""
        return cast("V", self.definition.function(*args, **kwargs))

    def options(
        self, *, owner: str = EVERYONE, idempotency_key: str | None = None, delay: float = 0.0, connection: object = None
    ) -> "BoundOperation[C, V, P, R]":
        """This operation, its next submissions on behalf of `owner`, under a key, not before `delay` seconds, or in a transaction.

            await sales_report.options(owner=user.id, delay=3600).submit(request)

        `connection` is one of your own to the database that the jobs are in, with a transaction open: a job submitted there
        exists exactly if that transaction is committed. On PostgreSQL a psycopg `Connection` or `AsyncConnection`, or
        SQLAlchemy's `Connection`, `AsyncConnection`, `Session` or `AsyncSession` over psycopg; on SQLite an `apsw.Connection`.

            async with session.begin():
                session.add(order)
                await invoice.options(connection=session).submit(order.id)
        """
        return BoundOperation(self.definition, self._wiring, _Options(owner, idempotency_key, delay, connection))

    async def submit(self, *args: P.args, **kwargs: P.kwargs) -> Handle[R]:
        """Store a request, with the function's arguments but for the job.

        When this returns, the job is durable; with `options(connection=…)`, once the transaction there is committed, and
        until then nobody else sees it.

        Raises InvalidArguments, QueueFull, StoreUnavailable, IdempotencyKeyRequired, IdempotencyKeyReused; with a connection
        also ConfigurationError, for one that cannot be meant, and whatever its driver raises.

            handle = await sales_report.submit(ReportRequest(year=2026))
            report = await handle.result()
        """
        wiring, options = self._wiring(), self._options
        submitted = await wiring.jobs.submit(
            self.definition,
            self.definition.parameters.bind(args, dict(kwargs)),
            options.owner,
            idempotency_key=options.idempotency_key,
            delay=options.delay,
            within=options.connection,
        )
        return Handle(submitted.job.id, viewer=options.owner, jobs=wiring.jobs, blobs=wiring.blobs, returns=self.definition.returns)

    async def accept(
        self, *args: Any, owner: str = EVERYONE, idempotency_key: str | None = None, request: "Request | None" = None, **kwargs: Any
    ) -> "Accepted[R]":
        """Store a request that came in at a route of your own, and give the 202 to answer with.

        `request`, where given, brings its Idempotency-Key and the prefix our routes were included under. What keeps the
        job from being stored (queue full, key reused) is answered as a problem document.

            @app.post("/reports", status_code=202)
            async def create(body: ReportRequest, user: User = Depends(current_user)) -> Accepted[Report]:
                return await sales_report.accept(body, owner=user.id)
        """
        from coatcheck.http.submit import accept  # whoever only runs jobs loads no web framework

        answer = await accept(
            self._wiring(),
            self.definition,
            lambda: self.definition.parameters.bind(args, kwargs),
            owner=owner,
            idempotency_key=idempotency_key,
            request=request,
        )
        return cast("Accepted[R]", answer)
