"""One request to one of our routes."""

from typing import Any

import msgspec
from starlette.requests import Request

from coatcheck.domain.owner import Viewer
from coatcheck.http.access import identify
from coatcheck.http.urls import Urls
from coatcheck.http.wiring import Wiring


class Call(msgspec.Struct, frozen=True):
    """A request, with what answering it takes."""

    wiring: Wiring
    request: Request
    urls: Urls
    own: Any = None
    """The request as the host's own code knows it, where that is another object."""
    told: dict[str, str] = msgspec.field(default_factory=dict)
    """Header fields that its answer carries, whatever that is."""

    @property
    def job_id(self) -> str:
        """The job that the path names, as the client wrote it."""
        job_id: str = self.request.path_params["job_id"]
        return job_id

    async def viewer(self) -> Viewer:
        """Who sends it. Raises Unauthenticated, and whatever the `authenticate` hook raises."""
        return await identify(self.wiring.authenticate, self.request if self.own is None else self.own)
