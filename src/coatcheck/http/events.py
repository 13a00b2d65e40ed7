"""`GET /jobs/{id}/events`: what happens to a job, as it happens; or what happened, as a page."""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from coatcheck.http.call import Call
from coatcheck.http.event_stream import HEADERS, EventStream
from coatcheck.http.history import history
from coatcheck.http.subscription import subscribe
from coatcheck.wire.sse import MEDIA_TYPE
from coatcheck.wire.style import HttpStyle

LIFE = "coatcheck.stream-life"
"""In a scope: seconds that a stream may last in this host, where that is not for the settings to say."""


async def events(call: Call) -> Response:
    """A stream to whoever asks for one, the history to all others."""
    if wants_stream(call.request, call.wiring.style):
        return await stream(call)
    page = await history(call)
    page.headers["Vary"] = "Accept"
    return page


def wants_stream(request: Request, style: HttpStyle) -> bool:
    """Whether server-sent events are asked for by name; or, where that is the application's style, not another type."""
    named = {part.partition(";")[0].strip().lower() for field in request.headers.getlist("accept") for part in field.split(",")}
    return MEDIA_TYPE in named or (style.events == "stream" and "application/json" not in named)


async def stream(call: Call) -> Response:
    """204 to a client that has seen the end: it does not come back (HTML standard §9.2.3)."""
    subscription = await subscribe(call)
    if subscription.nothing_left:
        return Response(status_code=204, headers={"Cache-Control": "no-store", "Vary": "Accept"})
    if call.request.method == "HEAD":
        answer = Response(headers=HEADERS)
        del answer.headers["Content-Length"]  # of which the answer to GET has none (RFC 9110 §8.6)
        return answer
    longest = call.request.scope.get(LIFE, subscription.seconds)
    return EventStream(replace(subscription, seconds=min(subscription.seconds, longest)))
