"""Long-running operations over HTTP: one decorated function, a durable job, a truthful status URL."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coatcheck.app import Coatcheck
    from coatcheck.context import Job
    from coatcheck.current import current_job
    from coatcheck.domain.created import Created
    from coatcheck.domain.owner import SYSTEM
    from coatcheck.errors import Cancelled, Fail, Retry
    from coatcheck.handle import Handle
    from coatcheck.http.accepted import Accepted
    from coatcheck.operations.content import Content
    from coatcheck.operations.limits import Limits
    from coatcheck.operations.upload import Upload
    from coatcheck.wire.style import HttpStyle

_PLACES = {
    "Accepted": "coatcheck.http.accepted",
    "Cancelled": "coatcheck.errors",
    "Coatcheck": "coatcheck.app",
    "Content": "coatcheck.operations.content",
    "Created": "coatcheck.domain.created",
    "Fail": "coatcheck.errors",
    "Handle": "coatcheck.handle",
    "HttpStyle": "coatcheck.wire.style",
    "Job": "coatcheck.context",
    "Limits": "coatcheck.operations.limits",
    "Retry": "coatcheck.errors",
    "SYSTEM": "coatcheck.domain.owner",
    "Upload": "coatcheck.operations.upload",
    "current_job": "coatcheck.current",
}

__all__ = [
    "SYSTEM",
    "Accepted",
    "Cancelled",
    "Coatcheck",
    "Content",
    "Created",
    "Fail",
    "Handle",
    "HttpStyle",
    "Job",
    "Limits",
    "Retry",
    "Upload",
    "current_job",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: `import coatcheck.client` loads no server."""
    if name not in _PLACES:
        raise AttributeError(f"module 'coatcheck' has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)
