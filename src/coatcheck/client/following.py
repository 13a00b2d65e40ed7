"""Following a job to its end, without I/O: by the application's stream of events where it has one, and by looking where not.

A stream that breaks off is taken up again after the last event that was received. One that brings nothing is replaced by a
look, and after a few of them by looks alone. Either way nobody is shown an older state after a newer one.
"""

import httpx2
import msgspec

from coatcheck.client.errors import Unreachable
from coatcheck.client.exchange import (
    DEFAULT_DELAY,
    NEVER_SENT,
    NOTHING_DONE,
    OUTCOME_UNKNOWN,
    Manners,
    Receive,
    Send,
    Steps,
    Tell,
    Wait,
    retry_after,
    why,
)
from coatcheck.client.history import LogLine, tell_lines
from coatcheck.client.looking import Seen, look, part
from coatcheck.client.reading import is_json, is_stream
from coatcheck.wire import sse
from coatcheck.wire.styling import unstyled

_FRUITLESS = 3
"""Streams that brought nothing, one after another, until the job is followed without."""
_LONGEST_PAUSE = 60.0
"""Seconds that a stream's `retry:` is followed at most."""


class Following:
    """One way through a job's events, from how it stands now to its end; with `log`, through all that its runs wrote, too."""

    def __init__(self, manners: Manners, seen: Seen, *, log: bool = False) -> None:
        self._manners, self._seen = manners, seen
        self._told = seen.representation
        self._log: int | None = 0 if log else None
        """Number of the newest event up to which log lines were told; None: they are not wanted."""
        self._cursor: str | None = None
        """Where the stream goes on; None: with how the job stands."""
        self._streams = manners.stream
        """Whether streams are worth asking for."""
        self._fruitless = 0
        self._pause = DEFAULT_DELAY

    def steps(self) -> Steps[None]:
        """Tell each change."""
        if self._told.status.terminal:
            yield from self._tell_log()
        yield Tell(self._told)
        while not self._told.status.terminal:
            url = self._stream_url()
            if url is not None and self._streams and self._fruitless < _FRUITLESS:
                yield from self._listen(url)
            else:
                yield from self._look_later()

    def _stream_url(self) -> httpx2.URL | None:
        """Where the application streams the job's events: as it links to, or, where its style shows no links, as it must be."""
        seen = self._seen
        link = seen.representation.links.get("events")
        if link is not None:
            return seen.url.join(link.href)
        return None if seen.style.names("links") else part(seen, "events")

    def _listen(self, url: httpx2.URL) -> Steps[None]:
        """Follow one stream as far as it goes."""
        heard = False
        try:
            response = yield from self._open(url)
            if self._offers(response):
                while not self._told.status.terminal and (event := (yield Receive())) is not None:
                    heard = (yield from self._take(event)) or heard
        except httpx2.ReadTimeout:
            self._streams = heard  # nothing at all: something in between holds it back
        except httpx2.TransportError:
            pass
        if self._told.status.terminal:
            return
        if heard:
            self._fruitless = 0
            yield Wait(self._manners.pace(self._pause))
        else:
            self._fruitless, self._cursor = self._fruitless + 1, None
            yield from self._look_later()

    def _open(self, url: httpx2.URL) -> Steps[httpx2.Response]:
        """The answer to a request for the stream; a server that is being started again is waited for.

        Raises Unreachable when it stays away, and what went wrong with a request that got through.
        """
        resumed = {} if self._cursor is None else {"Last-Event-ID": self._cursor}
        headers = {"Accept": sse.MEDIA_TYPE, "Cache-Control": "no-store", **resumed}
        silence = self._manners.silence
        send = Send(method="GET", url=url, headers=headers, trusted=self._manners.trusts(url), silence=silence)
        for attempt in range(1, self._manners.attempts + 1):
            delay = self._manners.backoff.delay(attempt, self._manners.random)
            try:
                response: httpx2.Response = yield send
            except NEVER_SENT as error:
                if attempt == self._manners.attempts:
                    raise Unreachable(why(send, attempt, error)) from error
            else:
                starting = response.status_code in (*OUTCOME_UNKNOWN, 503) and not is_json(response)
                if not starting:
                    break
            yield Wait(self._manners.capped(delay))
        return response

    def _offers(self, response: httpx2.Response) -> bool:
        """Whether events can be received; where not, whether asking again makes sense is noted."""
        if is_stream(response):
            return True
        if response.status_code in (*NOTHING_DONE, *OUTCOME_UNKNOWN):
            self._seen.delay = retry_after(response) or self._seen.delay
        elif response.status_code == httpx2.codes.NO_CONTENT:  # it is over, and a look says how
            self._seen.delay, self._streams = 0.0, False
        else:
            self._streams = False
        return False

    def _take(self, event: httpx2.ServerSentEvent) -> Steps[bool]:
        """Tell what an event says; whether it says anything, for a bare `retry:` counts as none."""
        if event.retry is not None:
            self._pause = min(max(0.0, event.retry / 1000), _LONGEST_PAUSE)
        if not event.data:
            return False
        try:
            if event.event == "log":
                yield from self._take_line(event)
            elif event.event == "message":
                yield from self._take_state(event)
        except (ValueError, RecursionError):
            self._streams = False  # whatever that is, it is no stream of a job's events
            raise httpx2.RemoteProtocolError("An event cannot be read.") from None
        self._cursor = event.id or None
        return True

    def _take_line(self, event: httpx2.ServerSentEvent) -> Steps[None]:
        number = _number(event)
        if self._log is not None and (number is None or number > self._log):
            line = msgspec.json.decode(event.data, type=LogLine)
            self._log = self._log if number is None else number
            yield Tell(line)

    def _take_state(self, event: httpx2.ServerSentEvent) -> Steps[None]:
        job, seen = self._told, self._seen
        representation = unstyled(event.data.encode(), seen.style, {"jobId": job.job_id, "statusUrl": job.status_url})
        number = _number(event)
        if self._cursor is None:
            yield from self._tell_log(number)
        elif self._log is not None and number is not None:
            self._log = max(self._log, number)
        if not seen.ended:
            seen.representation, seen.etag = representation, None
        if representation != self._told:
            self._told = representation
            yield Tell(representation)

    def _look_later(self) -> Steps[None]:
        yield Wait(self._manners.pace(self._seen.delay))
        representation = yield from look(self._manners, self._seen)
        yield from self._tell_log()
        if representation != self._told:
            self._told = representation
            yield Tell(representation)

    def _tell_log(self, last: int | None = None) -> Steps[None]:
        """Tell the log lines that were not told yet, as far as the history has them; up to the event `last`."""
        url = self._stream_url()
        if self._log is not None and url is not None:
            self._log = yield from tell_lines(self._manners, url, after=self._log, last=last)


def _number(event: httpx2.ServerSentEvent) -> int | None:
    return int(event.id) if event.id.isascii() and event.id.isdigit() else None
