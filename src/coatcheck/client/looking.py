"""Looking at a job, once or until it has ended, without I/O."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx2

from coatcheck.client.errors import ApiError
from coatcheck.client.exchange import DEFAULT_DELAY, Manners, Send, Steps, Wait, exchange, fetch, retry_after
from coatcheck.client.reading import completed, failed, lasting_place, lasts, read
from coatcheck.errors import (
    CoatcheckError,
    Forbidden,
    JobExpired,
    JobNotFound,
    RateLimited,
    StoreUnavailable,
    Unauthenticated,
)
from coatcheck.wire.representation import Representation
from coatcheck.wire.style import NATIVE, HttpStyle

JSON = {"Accept": "application/json, application/problem+json"}
ANYTHING = {"Accept": "*/*"}
_SHORT = 1.0
"""Seconds after which an answer that was to be held back came early, as from a server that is being stopped."""
_OF_THE_LOOK = {
    "about:blank",
    *(error.kind for error in (CoatcheckError, StoreUnavailable, Unauthenticated, Forbidden, JobNotFound, JobExpired, RateLimited)),
}
"""Problems that say nothing of the job whose result is asked for: the look at it has failed."""


@dataclass
class Seen:
    """What was last seen of a job."""

    url: httpx2.URL
    representation: Representation
    etag: str | None = None
    delay: float = DEFAULT_DELAY
    """Seconds until the application wants to be asked again."""
    style: HttpStyle = NATIVE

    @property
    def ended(self) -> bool:
        return self.representation.status.terminal

    def update(self, response: httpx2.Response) -> None:
        """Take in what an answer says of the job."""
        if response.status_code != 304:
            self.representation = read(response, self.url, self.style, self.representation)
            self.etag = response.headers.get("ETag")
        after = retry_after(response)
        self.delay = DEFAULT_DELAY if after is None else after


def part(seen: Seen, segment: str) -> httpx2.URL:
    """What lies below a job's status URL."""
    return seen.url.copy_with(path=f"{seen.url.path}/{seen.style.segment(segment)}")


def look(manners: Manners, seen: Seen) -> Steps[Representation]:
    """Look at the job once; an unchanged one costs the application next to nothing."""
    condition = {} if seen.etag is None else {"If-None-Match": seen.etag}
    yield from _look(manners, seen, condition)
    return seen.representation


def wait(manners: Manners, seen: Seen, timeout: float | None = None) -> Steps[Representation]:
    """Look until the job has ended, or `timeout` seconds were waited; the job as it is then.

    The application is asked to answer when the job has ended (RFC 7240); where it does not, it is asked at its own pace.
    """
    left = float("inf") if timeout is None else timeout
    while not seen.ended and left > 0:
        held = int(min(manners.held, left))
        left -= (yield from _long_look(manners, seen, held, left)) if held else (yield from _later_look(manners, seen, left))
    return seen.representation


def _long_look(manners: Manners, seen: Seen, held: int, left: float) -> Steps[float]:
    """Look, the answer to be held back until the job has ended; the seconds that took."""
    response = yield from _look(manners, seen, {"Prefer": f"wait={held}"})
    took = response.elapsed.total_seconds()
    if seen.ended or ("wait=" in response.headers.get("Preference-Applied", "") and took >= _SHORT):
        return took
    delay = max(0.0, min(left - took, manners.pace(seen.delay)))
    yield Wait(delay)
    return took + delay


def _later_look(manners: Manners, seen: Seen, left: float) -> Steps[float]:
    """Look when the application wants to be asked again; the seconds waited for that."""
    delay = min(left, manners.pace(seen.delay))
    yield Wait(delay)
    yield from look(manners, seen)
    return delay


def _look(manners: Manners, seen: Seen, headers: Mapping[str, str]) -> Steps[httpx2.Response]:
    response = yield from fetch(manners, seen.url, {**JSON, **headers}, to_another=False)
    if response.status_code != httpx2.codes.SEE_OTHER:
        seen.update(response)
        return response
    place = seen.url.join(response.headers["Location"])
    if lasts(response) or manners.trusts(place):
        yield from _outcome(manners, seen, place)
    else:  # a file elsewhere, signed for GET alone: it is asked for when it is wanted
        seen.representation = completed(seen.representation, str(seen.url))
    return response


def _outcome(manners: Manners, seen: Seen, url: httpx2.URL) -> Steps[None]:
    """The job has ended, and what came of it is under `url`: a result, or the problem."""
    try:
        send = Send(method="HEAD", url=url, headers=ANYTHING, trusted=manners.trusts(url))
        response = yield from exchange(manners, send)
        seen.representation = completed(seen.representation, str(lasting_place(response, url)), by=str(url))
    except ApiError:  # whose problem stands in a body, which an answer to HEAD does not have
        yield from _problem(manners, seen, url)


def _problem(manners: Manners, seen: Seen, url: httpx2.URL) -> Steps[None]:
    try:
        yield from fetch(manners, url, ANYTHING)
        seen.representation = completed(seen.representation, str(url))
    except ApiError as error:
        if error.problem.kind in _OF_THE_LOOK:
            raise
        seen.representation = failed(seen.representation, error.problem)
