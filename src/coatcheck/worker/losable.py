"""Fire and forget: requests that the process which accepted them runs by itself, and that are lost with it."""

import threading
from collections import Counter, deque
from typing import Any

from coatcheck.clock import Clock
from coatcheck.errors import QueueFull
from coatcheck.operations.operation import Operation
from coatcheck.settings import Settings
from coatcheck.telemetry import Telemetry
from coatcheck.worker.losable_crew import Crew
from coatcheck.worker.losable_run import LosableRequest, LosableRun
from coatcheck.worker.workshop import Workshop


class Losable:
    """Runs requests for operations with `durable=False`, from the beginning to the end of the application's lifespan.

    Of each operation, `queue_bound` may wait; `concurrency` of all run at a time. None of it happens on the event loop that
    accepts them.
    """

    def __init__(self, settings: Settings, clock: Clock, telemetry: Telemetry) -> None:
        self._settings, self._clock, self._telemetry = settings, clock, telemetry
        self._lock = threading.Lock()
        self._waiting: deque[LosableRequest] = deque()
        self._queued: Counter[str] = Counter()
        self._crew: Crew | None = None

    async def start(self, workshop: Workshop) -> None:
        """Begin to run, where an operation needs that. Raises what a resource raises."""
        if self._crew is None and not all(operation.durable for operation in workshop.registry):
            crew = Crew(self._next, workshop, self._settings, self._telemetry)
            await crew.start()
            self._crew = crew

    async def stop(self) -> None:
        """Accept nothing more, run what waits, within the grace, and tell what is lost then. A second call does nothing."""
        with self._lock:
            crew, self._crew = self._crew, None
        if crew is None:
            return
        stopped = await crew.stop()
        with self._lock:
            lost = Counter(request.operation.name for request in (*stopped, *self._waiting))
            self._waiting.clear()
            self._queued.clear()
        for operation, requests in lost.items():
            self._telemetry.emit("losable.lost", operation=operation, requests=requests)

    async def accept(self, operation: Operation[..., Any], arguments: bytes, owner: str) -> None:
        """Take a request in; on any event loop. Raises QueueFull, also where this process is not there to run it."""
        request = LosableRequest.new(operation, arguments, owner)
        with self._lock:
            crew = self._crew
            if crew is None:
                raise QueueFull("This process is shutting down, or its lifespan has not begun. Nothing was accepted; try again later.")
            if self._queued[operation.name] >= operation.queue_bound:
                said = f"{operation.queue_bound} requests for {operation.name!r} wait in this process already. Nothing was accepted."
                raise QueueFull(said, limit=operation.queue_bound)
            self._queued[operation.name] += 1
            self._waiting.append(request)
        self._telemetry.emit("losable.accepted", **request.facts)
        crew.look()

    def _next(self) -> LosableRun | None:
        """The request that waited longest, to be run now."""
        with self._lock:
            if not self._waiting:
                return None
            request = self._waiting.popleft()
            self._queued[request.operation.name] -= 1
        return LosableRun(request, self._clock, self._telemetry, grace=self._settings.grace)
