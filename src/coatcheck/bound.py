"""An operation of an application: the function it was, and a place to submit requests for it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast

from coatcheck.domain.owner import EVERYONE
from coatcheck.errors import ConfigurationError
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
    wait_for_room: float = 0.0
    webhook_url: str | None = None


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

    def __repr__(self) -> str:
        return f"<operation {self.definition.name!r} at POST {self.definition.path}>"

    def __call__(self, *args: C.args, **kwargs: C.kwargs) -> V:
        """Call the plain function, here and now: no job, nothing stored."""
        return cast("V", self.definition.function(*args, **kwargs))

    def options(
        self,
        *,
        owner: str = EVERYONE,
        idempotency_key: str | None = None,
        delay: float = 0.0,
        connection: object = None,
        wait_for_room: float = 0.0,
        webhook_url: str | None = None,
    ) -> "BoundOperation[C, V, P, R]":
        """This operation, its next submissions on behalf of `owner`, under a key, not before `delay` seconds, or in a transaction.

            await sales_report.options(owner=user.id, delay=3600).submit(request)

        `wait_for_room` is for producers that bring more than fits: where the queue is full, or the owner has as many jobs as it
        may, a submission waits for up to so many seconds, behind those of this process that came before. Raises
        ConfigurationError together with `connection`, whose transaction would stay open meanwhile.

        `webhook_url` is told how the job ended, as a client's `webhookUrl` is; on behalf of an owner that has made a secret to verify by.

        `connection` is one of your own to the database that the jobs are in, with a transaction open: a job submitted there
        exists exactly if that transaction is committed. On PostgreSQL a psycopg `Connection` or `AsyncConnection`, or
        SQLAlchemy's `Connection`, `AsyncConnection`, `Session` or `AsyncSession` over psycopg; on SQLite an `apsw.Connection`.

            async with session.begin():
                session.add(order)
                await invoice.options(connection=session).submit(order.id)
        """
        if connection is not None and wait_for_room:
            raise ConfigurationError("options: with connection=, a transaction would stay open during wait_for_room=; leave one out.")
        return BoundOperation(
            self.definition, self._wiring, _Options(owner, idempotency_key, delay, connection, wait_for_room, webhook_url)
        )

    async def submit(self, *args: P.args, **kwargs: P.kwargs) -> Handle[R]:
        """Store a request, with the function's arguments but for the job.

        When this returns, the job is durable; with `options(connection=…)`, once the transaction there is committed, and
        until then nobody else sees it.

        Raises InvalidArguments, QueueFull, TooManyJobs, StoreUnavailable, IdempotencyKeyRequired, IdempotencyKeyReused; with a URL to tell
        also DestinationNotAllowed, WebhookSecretMissing and NotConfigured; with a connection
        also ConfigurationError, for one that cannot be meant, and whatever its driver raises.

            handle = await sales_report.submit(ReportRequest(year=2026))
            report = await handle.result()
        """
        wiring, options = self._wiring(), self._options
        if options.webhook_url is not None:
            await wiring.endpoints.check_callback(options.owner, options.webhook_url)
        submitted = await wiring.jobs.submit(
            self.definition,
            self.definition.parameters.bind(args, dict(kwargs)),
            options.owner,
            idempotency_key=options.idempotency_key,
            delay=options.delay,
            wait_for_room=options.wait_for_room,
            webhook_url=options.webhook_url,
            within=options.connection,
        )
        return Handle(submitted.job.id, viewer=options.owner, jobs=wiring.jobs, blobs=wiring.blobs, returns=self.definition.returns)

    async def send(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Hand a request over that may be lost, for an operation with `durable=False`: this process runs it, soon, from memory.

        There is no job, so there is no handle. Raises InvalidArguments; QueueFull where as many wait as may, and where this
        process is not there to run them: outside the application's lifespan. Raises ConfigurationError for an operation that
        stores its requests, and with options that only a job can have.

            await greeting.send(user.email)
        """
        wiring, operation, options = self._wiring(), self.definition, self._options
        if operation.durable:
            raise ConfigurationError(f"Requests for {operation.name!r} are stored: use submit(). Only those with durable=False are sent.")
        if options != _Options(owner=options.owner):
            raise ConfigurationError(
                f"Requests for {operation.name!r} are not stored (durable=False): of the options, owner= alone means something."
            )
        await wiring.losable.accept(operation, operation.parameters.encode(operation.parameters.bind(args, dict(kwargs))), options.owner)

    async def accept(
        self,
        *args: Any,
        owner: str = EVERYONE,
        idempotency_key: str | None = None,
        webhook_url: str | None = None,
        request: "Request | None" = None,
        **kwargs: Any,
    ) -> "Accepted[R]":
        """Store a request that came in at a route of your own, and give the 202 to answer with.

        `request`, where given, brings its Idempotency-Key, what it prefers, and the prefix our routes were included under. What keeps
        the job from being stored (queue full, key reused) is answered as a problem document, a job that ends inside its window
        with its result.

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
            webhook_url=webhook_url,
            request=request,
        )
        return cast("Accepted[R]", answer)
