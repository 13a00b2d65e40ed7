"""What the HTTP layer is given to work with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from coatcheck.blobs.contract import Blobs
from coatcheck.clock import Clock
from coatcheck.domain.owner import Viewer
from coatcheck.feed.feed import Feed
from coatcheck.feed.hints import Hints
from coatcheck.http.admission import Admission
from coatcheck.http.held import Held
from coatcheck.http.streams import Streams
from coatcheck.jobs import Jobs
from coatcheck.operations.registry import Registry
from coatcheck.push.endpoints import Endpoints
from coatcheck.settings import Settings
from coatcheck.store.contract import Store
from coatcheck.store.deliveries import Deliveries
from coatcheck.store.insight import Insight
from coatcheck.telemetry import Telemetry
from coatcheck.wire.style import NATIVE, HttpStyle
from coatcheck.worker.losable import Losable

Authenticate = Callable[[Any], Awaitable[Viewer | None]] | Callable[[Any], Viewer | None]
"""The application's hook: who sends this request. An owner's name; `SYSTEM` for an administrator; None for nobody known.

It is given the host's own request: Starlette's with FastAPI and Starlette, Django's `HttpRequest`, Flask's `Request`.
`async def`, or `def`, which is called in a thread, where the host's own plain views are. It may raise `Unauthenticated`,
`Forbidden`, `Fail(status=…)`, or what the host's views raise: HTTPException, PermissionDenied.
"""


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """The parts of one application, as answering a request and running a job take them."""

    jobs: Jobs
    registry: Registry
    store: Store
    insight: Insight
    deliveries: Deliveries
    endpoints: Endpoints
    blobs: Blobs
    hints: Hints
    feed: Feed
    settings: Settings
    clock: Clock
    telemetry: Telemetry
    admission: Admission
    streams: Streams
    losable: Losable
    authenticate: Authenticate | None = None
    """None: there is one owner for all, `EVERYONE`."""
    style: HttpStyle = NATIVE
    """How jobs are shown, unless their operation has a style of its own."""
    held: Held = field(default_factory=Held)
    """The requests whose answers are held back."""
    prefix: str = ""
    """Below which the host has our routes, as it said when it started."""
    title: str = "Coatcheck"
    version: str = ""

    def style_of(self, operation: str) -> HttpStyle:
        """How jobs of the operation are shown."""
        registered = self.registry.find(operation)
        return self.style if registered is None or registered.style is None else registered.style
