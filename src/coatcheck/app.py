"""The façade: what a user holds of it all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, cast

from coatcheck import failpoints
from coatcheck.assembly import assemble, dispatchers
from coatcheck.bound import BoundOperation
from coatcheck.clock import Clock, SystemClock
from coatcheck.decorator import Decorator
from coatcheck.errors import ConfigurationError
from coatcheck.http.wiring import Authenticate, Wiring
from coatcheck.observe.logs import write_line
from coatcheck.operations.define import define
from coatcheck.operations.policy import Policy
from coatcheck.operations.registry import Registry
from coatcheck.portal import Portal
from coatcheck.settings import Settings
from coatcheck.telemetry import Telemetry
from coatcheck.wire.style import NATIVE, HttpStyle
from coatcheck.worker.embedded import EmbeddedWorker
from coatcheck.worker.incarnation import new_worker_id
from coatcheck.worker.isolation.home import home_of
from coatcheck.worker.rescue import Rescue
from coatcheck.worker.resources import Hook, Resources
from coatcheck.worker.resources import Scope as ResourceScope
from coatcheck.worker.worker import Worker
from coatcheck.worker.workshop import Workshop

if TYPE_CHECKING:
    from django.urls import URLPattern
    from fastapi import APIRouter
    from flask import Blueprint
    from starlette.applications import Starlette
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Receive, Scope, Send

T = TypeVar("T")


class Coatcheck:
    """An application's long-running operations.

        jobs = Coatcheck()

        @jobs.operation("/reports", timeout=600, retries=3, estimate="2-3 minutes")
        async def sales_report(request: ReportRequest, job: Job) -> Report: ...

        app = FastAPI(lifespan=jobs.lifespan)
        app.include_router(jobs.router)

    `authenticate(request)` names the owner of a request; without it there is one owner for all. `style` is how jobs are shown,
    where an API has a shape of its own. Other keyword arguments are settings (`coatcheck.settings.Settings`); each beats its
    environment variable. It is an ASGI application by itself, too.
    """

    def __init__(
        self,
        *,
        authenticate: Authenticate | None = None,
        title: str = "Coatcheck",
        version: str = "",
        style: HttpStyle = NATIVE,
        clock: Clock | None = None,
        **settings: Any,
    ) -> None:
        self.telemetry = Telemetry()
        self.telemetry.subscribe(write_line)
        self.registry = Registry()
        self._resources = Resources()
        self._routed = False
        self._openings, self._lives = 0, 0
        self.portal = Portal(
            opened=self.opened,
            lifespan=self.lifespan,
            is_open=lambda: self._openings > 0,
            is_live=lambda: self._lives > 0,
            telemetry=self.telemetry,
        )
        """For plain `def` code: `jobs.portal.call(sales_report.submit, request)`."""
        self._assemble = partial(assemble, authenticate=authenticate, style=style, title=title, version=version)
        self.wiring = self._assemble(Settings.load(**settings), clock or SystemClock(), self.telemetry, self.registry)

    @property
    def settings(self) -> Settings:
        """What it was set to."""
        return self.wiring.settings

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
            if operation.style is not None:  # whose URLs are the application's, as all are
                operation = replace(operation, style=replace(operation.style, segments=self.wiring.style.segments))
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
        return fastapi.router(lambda: self.wiring)

    @cached_property
    def routes(self) -> "Sequence[BaseRoute]":
        """The routes for Starlette: `Starlette(routes=[*jobs.routes, …], lifespan=jobs.lifespan)`."""
        from coatcheck.integrations import starlette

        self._routed = True
        return starlette.routes(lambda: self.wiring)

    @cached_property
    def urls(self) -> "tuple[list[URLPattern], str, str]":
        """The routes for Django: `urlpatterns = [path("api/", jobs.urls), …]`. They are found as `reverse("coatcheck:status", …)`."""
        from coatcheck.integrations import django

        self._routed = True
        return django.urls(lambda: self.wiring, self.portal)

    @cached_property
    def blueprint(self) -> "Blueprint":
        """The routes for Flask: `app.register_blueprint(jobs.blueprint, url_prefix="/api")`."""
        from coatcheck.integrations import flask

        self._routed = True
        return flask.blueprint(lambda: self.wiring, self.portal)

    def asgi(self, app: Callable[[Any, Any, Any], Awaitable[None]]) -> "ASGIApp":
        """`app`, with our lifespan: for hosts that answer none, as Django and Flask.

        application = jobs.asgi(get_asgi_application())
        """
        from coatcheck.integrations.asgi import with_lifespan

        return with_lifespan(app, self.lifespan)

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer as an ASGI application: `uvicorn module:jobs`."""
        await self._asgi(scope, receive, send)

    @cached_property
    def _asgi(self) -> "Starlette":
        from coatcheck.integrations import starlette

        self._routed = True
        return starlette.application(lambda: self.wiring, self.lifespan)

    # Its life --------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def lifespan(self, app: object = None) -> AsyncIterator[Mapping[str, Any]]:
        """Open the store and run the embedded worker while the application runs; to be given to the host, which passes itself.

        To compose it with a lifespan of your own, enter it there: `async with jobs.lifespan(app): …`.
        """
        self.find_prefix(app)
        async with self.opened(), self._running_losable():
            worker = EmbeddedWorker(self.make_worker) if self.settings.embedded_worker else None
            if worker is not None:
                await worker.start()
            self._lives += 1
            try:
                with self.wiring.held.released_by_signals():
                    yield {}
            finally:
                self._lives -= 1
                if worker is not None:
                    await worker.stop()

    @asynccontextmanager
    async def _running_losable(self) -> AsyncIterator[None]:
        """Run fire-and-forget requests meanwhile; whoever begins while they are run shares that."""
        losable = self.wiring.losable
        await losable.start(self.workshop)
        try:
            yield
        finally:
            if not self._lives:
                await losable.stop()

    def find_prefix(self, app: object) -> None:
        """Learn below which prefix a host has our routes: for URLs that are made while no request is answered."""
        if hasattr(app, "url_path_for"):  # a host of Starlette's family
            from coatcheck.http.urls import prefix_in

            self.wiring = replace(self.wiring, prefix=prefix_in(app, self.settings))

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Wiring]:
        """Open the store only: for producers, commands and workers. Whoever opens it while it is open shares it."""
        failpoints.arm(self.settings.failpoints)
        wiring = self.wiring
        await wiring.store.open()
        self._openings += 1
        try:
            yield wiring
        finally:
            self._openings -= 1
            if not self._openings:
                wiring.hints.close()
                await wiring.store.close()
                await asyncio.to_thread(wiring.blobs.close)

    @contextmanager
    def reassembled(self, settings: Settings, clock: Clock, telemetry: Telemetry, registry: Registry, **parts: Any) -> Iterator[None]:
        """Work for a while with other settings, hence another store, and under another clock: for the test kit.

        Raises ConfigurationError while the store is open.
        """
        if self._openings:
            raise ConfigurationError(
                "The application is open: its lifespan runs, jobs.portal was used, or another test kit is entered. Enter one kit at a "
                "time, before the lifespan; jobs.portal.close() closes what the portal has opened."
            )
        before, self.wiring = self.wiring, self._assemble(settings, clock, telemetry, registry, **parts)
        try:
            yield
        finally:
            self.wiring = before

    @property
    def workshop(self) -> Workshop:
        """What running its functions takes."""
        wiring = self.wiring
        return Workshop(registry=wiring.registry, resources=self._resources, blobs=wiring.blobs, clock=wiring.clock)

    def make_worker(
        self,
        worker_id: str | None = None,
        *,
        operations: Sequence[str] | None = None,
        alive: Callable[[], None] = lambda: None,
        kind: type[Worker] = Worker,
    ) -> Worker:
        """A worker of this application, to be started on the running event loop while the store is open.

        `operations` restricts what it claims; `alive` is called at each heartbeat. Raises ConfigurationError for an
        operation that is not registered.
        """
        self.registry.require(operations or ())
        wiring, worker_id = self.wiring, worker_id or new_worker_id()
        rescue = Rescue(store=wiring.store, deliveries=wiring.deliveries, telemetry=wiring.telemetry)
        return kind(
            worker_id=worker_id,
            settings=self.settings,
            workshop=self.workshop,
            home=lambda operations: home_of(self, operations),
            store=wiring.store,
            hints=wiring.hints,
            telemetry=wiring.telemetry,
            operations=operations,
            alive=alive,
            services=[rescue, *dispatchers(wiring, worker_id)],
        )
