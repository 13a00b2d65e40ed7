"""What the HTTP layer is given to work with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Union

from coatcheck.blobs.contract import Blobs
from coatcheck.clock import Clock
from coatcheck.domain.owner import Viewer
from coatcheck.jobs import Jobs
from coatcheck.operations.registry import Registry
from coatcheck.settings import Settings
from coatcheck.store.contract import Store
from coatcheck.store.insight import Insight
from coatcheck.telemetry import Telemetry

if TYPE_CHECKING:
    from starlette.requests import Request

Authenticate = Union["Callable[[Request], Awaitable[Viewer | None]]", "Callable[[Request], Viewer | None]"]
"""The application's hook: who sends this request. An owner's name; `SYSTEM` for an administrator; None for nobody known.

`async def`, or `def`, which is called in a thread. It may raise `Unauthenticated`, `Forbidden`, `Fail(status=…)`, or the
host framework's HTTPException.
"""


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """The parts of one application that answering a request takes."""

    jobs: Jobs
    registry: Registry
    store: Store
    insight: Insight
    blobs: Blobs
    settings: Settings
    clock: Clock
    telemetry: Telemetry
    authenticate: Authenticate | None = None
    """None: there is one owner for all, `EVERYONE`."""
    title: str = "Coatcheck"
    version: str = ""
