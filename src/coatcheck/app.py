"""The façade: the only place where the rooms are wired."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, Unpack, cast, overload

from coatcheck import failpoints
from coatcheck.bound import BoundOperation
from coatcheck.clock import Clock, SystemClock
from coatcheck.context import Job
from coatcheck.errors import ConfigurationError
from coatcheck.feed.hints import Hints
from coatcheck.http.wiring import Authenticate, Wiring
from coatcheck.ids import new_worker_id
from coatcheck.jobs import Jobs
from coatcheck.observe.logs import write_line
from coatcheck.operations.define import define
from coatcheck.operations.policy import Policy
from coatcheck.operations.registry import Registry
from coatcheck.settings import Settings
from coatcheck.store.open import open_blobs, open_store
from coatcheck.telemetry import Telemetry
from coatcheck.worker.embedded import EmbeddedWorker
from coatcheck.worker.isolation.home import home_of
from coatcheck.worker.resources import Hook, Resources
from coatcheck.worker.resources import Scope as ResourceScope
from coatcheck.worker.worker import Worker
from coatcheck.worker.workshop import Workshop

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.applications import Starlette
    from starlette.routing import Route
    from starlette.types import Receive, Scope, Send

A = TypeVar("A")
B = TypeVar("B")
P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Decorator(Protocol):
    """What `@jobs.operation(…)` is: takes `async def` and `def`, with the job last, first, or not at all.

    A function that took nothing but jobs would fit two overloads, hence the ignores; none does.
    """

    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, function: Callable[Concatenate[Job, P], Awaitable[R]], /
    ) -> BoundOperation[Concatenate[Job, P], Awaitable[R], P, R]: ...
    @overload
    def __call__(self, function: Callable[[A, Job], Awaitable[R]], /) -> BoundOperation[[A, Job], Awaitable[R], [A], R]: ...
    @overload
    def __call__(self, function: Callable[[A, B, Job], Awaitable[R]], /) -> BoundOperation[[A, B, Job], Awaitable[R], [A, B], R]: ...
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, function: Callable[Concatenate[Job, P], R], /
    ) -> BoundOperation[Concatenate[Job, P], R, P, R]: ...
    @overload
    def __call__(self, function: Callable[[A, Job], R], /) -> BoundOperation[[A, Job], R, [A], R]: ...
    @overload
    def __call__(self, function: Callable[[A, B, Job], R], /) -> BoundOperation[[A, B, Job], R, [A, B], R]: ...
    @overload
    def __call__(self, function: Callable[P, Awaitable[R]], /) -> BoundOperation[P, Awaitable[R], P, R]: ...
    @overload
    def __call__(self, function: Callable[P, R], /) -> BoundOperation[P, R, P, R]: ...


class Coatcheck:
    """An application's long-running operations.

        jobs = Coatcheck()

        @jobs.operation("/reports", timeout=600, retries=3, estimate="2-3 minutes")
        async def sales_report(request: ReportRequest, job: Job) -> Report: ...

        app = FastAPI(lifespan=jobs.lifespan)
        app.include_router(jobs.router)

    `authenticate(request)` names the owner of a request; without it there is one owner for all. Keyword arguments are
    settings (`coatcheck.Settings`); each beats its environment variable. It is an ASGI application by itself, too.
    """

    def __init__(
        self,
        *,
        authenticate: Authenticate | None = None,
        title: str = "Coatcheck",
        version: str = "",
        clock: Clock | None = None,
        **settings: Any,
    ) -> None:
        self.settings = Settings.load(**settings)
        self.telemetry = Telemetry()
        self.telemetry.subscribe(write_line)
        self.registry = Registry()
        self._clock = clock or SystemClock()
        self._resources = Resources()
        self._routed = False
        store = open_store(self.settings, self._clock, self.telemetry)
        self._hints = Hints(store)
        jobs = Jobs(
            store=store,
            insight=store,
            registry=self.registry,
            hints=self._hints,
            clock=self._clock,
            telemetry=self.telemetry,
            poll_interval=self.settings.poll_interval,
        )
        self.wiring = Wiring(
            jobs=jobs,
            registry=self.registry,
            store=store,
            insight=store,
            blobs=open_blobs(self.settings, self._clock),
            settings=self.settings,
            clock=self._clock,
            telemetry=self.telemetry,
            authenticate=authenticate,
            title=title,
            version=version,
        )

    # What there is to run --------------------------------------------------------------------------------------------

    def operation(self, path: str, **policy: Unpack[Policy]) -> Decorator:
        """Make a durable operation of the function below: requests are posted to `path`.

            @jobs.operation("/reports", timeout=600, retries=3, estimate="2-3 minutes")

        Everything else is its policy, whose members `coatcheck.operations.policy.Policy` explains. Raises ConfigurationError
        for whatever could not work.
        """

        def register(function: Callable[..., Any]) -> object:
            if self._routed:
                raise ConfigurationError(f"Register {function.__name__} before the routes are taken (jobs.router, jobs.routes).")
            operation = define(function, path, **policy)
            self.registry.add(operation)
            return BoundOperation(operation, lambda: self.wiring)

        return cast("Decorator", register)

    def resource(self, *, scope: ResourceScope = "worker") -> Callable[[Hook[T]], Hook[T]]:
        """Open what runs need where they run: an async generator that yields once, per `worker` or per `job`.

            @jobs.resource()
            async def database() -> AsyncIterator[Pool]:
                async with create_pool() as pool:
                    yield pool

        In the function, `job.resource(database)` is the pool.
        """

        def register(hook: Hook[T]) -> Hook[T]:
            self._resources.add(hook, scope)
            return hook

        return register

    # Where it is reached ---------------------------------------------------------------------------------------------

    @cached_property
    def router(self) -> "APIRouter":
        """The routes for FastAPI: `app.include_router(jobs.router)`. They stand in `/docs` like any other."""
        from coatcheck.integrations import fastapi

        self._routed = True
        return fastapi.router(self.wiring)

    @cached_property
    def routes(self) -> "Sequence[Route]":
        """The routes for Starlette: `Starlette(routes=[*jobs.routes, …], lifespan=jobs.lifespan)`."""
        from coatcheck.integrations import starlette

        self._routed = True
        return starlette.routes(self.wiring)

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer as an ASGI application: `uvicorn module:jobs`."""
        await self._asgi(scope, receive, send)

    @cached_property
    def _asgi(self) -> "Starlette":
        from coatcheck.integrations import starlette

        self._routed = True
        return starlette.application(self.wiring, self.lifespan)

    # Its life --------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def lifespan(self, app: object = None) -> AsyncIterator[Mapping[str, Any]]:  # noqa: ARG002  hosts pass themselves
        """Open the store and run the embedded worker while the application runs; to be given to the host.

        To compose it with a lifespan of your own, enter it there: `async with jobs.lifespan(app): …`.
        """
        async with self.opened():
            worker = EmbeddedWorker(self.make_worker) if self.settings.embedded_worker else None
            if worker is not None:
                await worker.start()
            try:
                yield {}
            finally:
                if worker is not None:
                    await worker.stop()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Wiring]:
        """Open the store only: for producers, commands and workers."""
        failpoints.arm(self.settings.failpoints)
        await self.wiring.store.open()
        try:
            yield self.wiring
        finally:
            self._hints.close()
            await self.wiring.store.close()
            await asyncio.to_thread(self.wiring.blobs.close)

    @cached_property
    def workshop(self) -> Workshop:
        """What running its functions takes."""
        return Workshop(registry=self.registry, resources=self._resources, blobs=self.wiring.blobs, clock=self._clock)

    def make_worker(
        self, worker_id: str | None = None, *, operations: Sequence[str] | None = None, alive: Callable[[], None] = lambda: None
    ) -> Worker:
        """A worker of this application, to be started on the running event loop while the store is open.

        `operations` restricts what it claims; `alive` is called at each heartbeat. Raises ConfigurationError for an
        operation that is not registered.
        """
        self.registry.require(operations or ())
        return Worker(
            worker_id=worker_id or new_worker_id(),
            settings=self.settings,
            workshop=self.workshop,
            home=lambda operations: home_of(self, operations),
            store=self.wiring.store,
            hints=self._hints,
            telemetry=self.telemetry,
            operations=operations,
            alive=alive,
        )
