"""A request to follow a job's events, whichever way they are sent."""

import re
from dataclasses import dataclass

from coatcheck.domain.job import JobRecord
from coatcheck.domain.owner import SYSTEM, Viewer
from coatcheck.feed.message import Render
from coatcheck.http.access import name
from coatcheck.http.answer import outlook
from coatcheck.http.call import Call
from coatcheck.http.inline import with_inline_result
from coatcheck.http.limits import admit_poll
from coatcheck.http.represent import encode, represent
from coatcheck.http.ticket import PARAMETER, seconds_left
from coatcheck.http.urls import Urls
from coatcheck.http.wiring import Wiring
from coatcheck.wire.styling import styled

_NUMBER = re.compile(r"[0-9]{1,15}", re.ASCII)


@dataclass(frozen=True)
class Subscription:
    """Who may follow which job, from where on, and for how long."""

    call: Call
    job: JobRecord
    """As it was when the request came."""
    viewer: Viewer | None
    """None: whoever has a ticket, which lets it read and nothing else."""
    after: int | None
    """Number of the last event that the client has; None: it has none, or none that there could be."""
    seconds: float

    @property
    def owner(self) -> str:
        """Whose stream it is."""
        return self.job.owner if self.viewer is None else name(self.viewer)

    @property
    def nothing_left(self) -> bool:
        """Whether the client has seen all there will be."""
        return self.job.status.terminal and self.after == self.job.last_event

    @property
    def render(self) -> Render:
        """Makes of the job what its messages hold."""
        return rendering(self.call.wiring, self.call.urls)


async def subscribe(call: Call) -> Subscription:
    """The subscription that is asked for, and may be had.

    Raises TooManyStreams, RateLimited, JobNotFound, JobExpired, Unauthenticated, and whatever the `authenticate` hook raises.
    """
    wiring, query = call.wiring, call.request.query_params
    seconds, viewer = wiring.settings.stream_life, None
    if PARAMETER in query:
        seconds = min(seconds, seconds_left(wiring.settings, call.job_id, query[PARAMETER], wiring.clock.now()))
        job = await wiring.jobs.get(call.job_id, SYSTEM)
        admit_poll(call, job.owner)
    else:
        viewer = await call.viewer()
        admit_poll(call, viewer)
        job = await wiring.jobs.get(call.job_id, viewer)
    subscription = Subscription(call, job, viewer, _cursor(call), seconds)
    wiring.streams.admit(subscription.owner)
    return subscription


def _cursor(call: Call) -> int | None:
    """The number that a client comes back with: an EventSource in a header field, and everybody else as they can."""
    text = call.request.headers.get("last-event-id") or call.request.query_params.get("after", "")
    return int(text) if _NUMBER.fullmatch(text) else None


def rendering(wiring: Wiring, urls: Urls) -> Render:
    """Makes a representation of a job, with what can be said of its time to come where it stands so now."""

    async def render(job: JobRecord, *, now: bool) -> bytes:
        style = wiring.style_of(job.operation)
        ahead = await outlook(wiring, job) if now else None
        job = await with_inline_result(wiring, job, style)
        return encode(styled(represent(job, ahead, urls, wiring.clock.now(), style), style))

    return render
