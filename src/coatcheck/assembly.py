"""Wiring the rooms of an application: for one store, and under one clock."""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

from coatcheck.clock import Clock
from coatcheck.domain.delivery import SCHEDULE
from coatcheck.feed.feed import Feed
from coatcheck.feed.hints import Hints
from coatcheck.feed.lookout import Lookout
from coatcheck.feed.room import Room
from coatcheck.http.admission import Admission
from coatcheck.http.streams import Streams
from coatcheck.http.wiring import Wiring
from coatcheck.jobs import Jobs
from coatcheck.operations.registry import Registry
from coatcheck.push.endpoints import Endpoints
from coatcheck.push.target import Guard
from coatcheck.secrets import Seal
from coatcheck.service import Service
from coatcheck.settings import Settings
from coatcheck.store.open import open_blobs, open_store
from coatcheck.telemetry import Telemetry
from coatcheck.worker.losable import Losable


def assemble(
    settings: Settings,
    clock: Clock,
    telemetry: Telemetry,
    registry: Registry,
    *,
    make_jobs: Callable[..., Jobs] = Jobs,
    make_losable: Callable[..., Losable] = Losable,
    **identity: Any,
) -> Wiring:
    """The parts of an application with these operations, nothing of them open or started.

    `identity` is what `Wiring` has of the application beside them; the test kit makes parts of its own. Raises
    ConfigurationError for a store that we cannot serve.
    """
    store = open_store(settings, clock, telemetry)
    hints = Hints(store)
    guard = Guard(settings.webhook_allow, http=settings.webhook_http)
    lookout = Lookout(store, hints, poll_interval=settings.poll_interval, telemetry=telemetry)
    told_apart = identity.get("authenticate") is not None
    blobs = open_blobs(settings, clock)
    jobs = make_jobs(
        store=store,
        insight=store,
        blobs=blobs,
        registry=registry,
        lookout=lookout,
        room=Room(store, hints, clock, settings),
        clock=clock,
        telemetry=telemetry,
    )
    return Wiring(
        jobs=jobs,
        registry=registry,
        store=store,
        insight=store,
        deliveries=store,
        endpoints=Endpoints(store, guard, settings, clock, telemetry),
        blobs=blobs,
        hints=hints,
        feed=Feed(store, lookout, telemetry),
        settings=settings,
        clock=clock,
        telemetry=telemetry,
        admission=Admission(settings, clock, told_apart=told_apart),
        streams=Streams(settings, told_apart=told_apart),
        losable=make_losable(settings, clock, telemetry),
        **identity,
    )


def dispatchers(wiring: Wiring, worker_id: str) -> list[Service]:
    """What sends the application's webhooks beside a worker, under its id: nothing where they are not set up.

    To be started on the event loop that runs when this is called.
    """
    settings = wiring.settings
    if not (settings.public_url and settings.secret and find_spec("cryptography") and find_spec("httpcore2")):
        return []
    from coatcheck.http.message import message
    from coatcheck.push.courier import Courier
    from coatcheck.push.dispatch import Dispatcher
    from coatcheck.push.messages import Messages
    from coatcheck.push.send import Sender

    deliveries, clock, telemetry = wiring.deliveries, wiring.clock, wiring.telemetry
    guard = Guard(settings.webhook_allow, http=settings.webhook_http)
    sender = Sender(guard, clock, deadline=settings.webhook_deadline, ca=settings.webhook_ca)
    messages = Messages(store=wiring.store, deliveries=deliveries, seal=Seal(settings.secret), render=partial(message, wiring))
    courier = Courier(
        deliveries=deliveries,
        messages=messages,
        sender=sender,
        schedule=settings.webhook_schedule or SCHEDULE,
        deadline=settings.webhook_deadline,
        clock=clock,
        telemetry=telemetry,
    )
    return [
        Dispatcher(
            dispatcher_id=worker_id,
            deliveries=deliveries,
            courier=courier,
            hints=wiring.hints,
            clock=clock,
            telemetry=telemetry,
            interval=settings.poll_interval,
        )
    ]
