"""Long-running operations over HTTP: one decorated function, a durable job, a truthful status URL."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coatcheck.app import Coatcheck
    from coatcheck.context import Job
    from coatcheck.current import current_job
    from coatcheck.domain.owner import SYSTEM
    from coatcheck.errors import Cancelled, CoatcheckError, Fail, Retry
    from coatcheck.handle import Handle
    from coatcheck.http.accepted import Accepted
    from coatcheck.operations.content import Content
    from coatcheck.operations.limits import Limits
    from coatcheck.settings import Settings

_PLACES = {
    "Accepted": "coatcheck.http.accepted",
    "Cancelled": "coatcheck.errors",
    "Coatcheck": "coatcheck.app",
    "CoatcheckError": "coatcheck.errors",
    "Content": "coatcheck.operations.content",
    "Fail": "coatcheck.errors",
    "Handle": "coatcheck.handle",
    "Job": "coatcheck.context",
    "Limits": "coatcheck.operations.limits",
    "Retry": "coatcheck.errors",
    "SYSTEM": "coatcheck.domain.owner",
    "Settings": "coatcheck.settings",
    "current_job": "coatcheck.current",
}

__all__ = [
    "SYSTEM",
    "Accepted",
    "Cancelled",
    "Coatcheck",
    "CoatcheckError",
    "Content",
    "Fail",
    "Handle",
    "Job",
    "Limits",
    "Retry",
    "Settings",
    "current_job",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: `import coatcheck.client` loads no server."""
    if name not in _PLACES:
        raise AttributeError(f"module 'coatcheck' has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)
