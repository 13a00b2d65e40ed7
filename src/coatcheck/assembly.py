"""Wiring the rooms of an application: for one store, and under one clock."""

from collections.abc import Callable
from typing import Any

from coatcheck.clock import Clock
from coatcheck.feed.hints import Hints
from coatcheck.feed.lookout import Lookout
from coatcheck.feed.room import Room
from coatcheck.http.admission import Admission
from coatcheck.http.wiring import Wiring
from coatcheck.jobs import Jobs
from coatcheck.operations.registry import Registry
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
    blobs = open_blobs(settings, clock)
    jobs = make_jobs(
        store=store,
        insight=store,
        blobs=blobs,
        registry=registry,
        lookout=Lookout(store, hints, poll_interval=settings.poll_interval, telemetry=telemetry),
        room=Room(store, hints, clock, settings),
        clock=clock,
        telemetry=telemetry,
    )
    return Wiring(
        jobs=jobs,
        registry=registry,
        store=store,
        insight=store,
        blobs=blobs,
        hints=hints,
        settings=settings,
        clock=clock,
        telemetry=telemetry,
        admission=Admission(settings, clock, told_apart=identity.get("authenticate") is not None),
        losable=make_losable(settings, clock, telemetry),
        **identity,
    )
