"""Holding an answer back, as the client prefers it (RFC 7240)."""

from starlette.requests import Request

from coatcheck.domain.job import JobRecord
from coatcheck.http.wiring import Wiring
from coatcheck.wire.prefer import Preferences, parse_preferences

_NONE = Preferences()


def preferences(request: Request | None) -> Preferences:
    """What the client prefers; nothing where there is no request."""
    fields = request.headers.getlist("prefer") if request else ()
    return parse_preferences(fields) if fields else _NONE


async def moved(wiring: Wiring, job: JobRecord, request: Request | None, *, seconds: float, beyond: int | None = None) -> JobRecord:
    """The job once it has ended, or, with `beyond`, is of another version; after so many seconds, or when the server stops, as it is.

    Raises ClientDisconnect when nobody waits any more, which changes nothing about the job; JobExpired.
    """
    waiting = wiring.jobs.wait(job.id, job.owner, beyond=beyond, timeout=seconds)
    found = await wiring.held.hold(waiting, request)
    return await wiring.jobs.get(job.id, job.owner) if found is None else found
