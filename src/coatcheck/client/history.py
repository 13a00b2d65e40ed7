"""What a job's runs wrote about themselves, as its history has it."""

import httpx2
import msgspec

from coatcheck.client.errors import ApiError
from coatcheck.client.exchange import Manners, Steps, Tell, fetch
from coatcheck.client.looking import JSON
from coatcheck.wire.headers import find_link
from coatcheck.wire.representation import Moment


class LogLine(msgspec.Struct, frozen=True):
    """What a run wrote about itself."""

    message: str
    at: Moment
    level: str | None = None
    """None where the application did not say: lines of the past are read from the history, which has none."""


class _Row(msgspec.Struct):
    seq: int
    type: str
    at: Moment
    reason: str | None = None


class _Page(msgspec.Struct):
    items: list[_Row]


def tell_lines(manners: Manners, url: httpx2.URL, *, after: int, last: int | None) -> Steps[int | None]:
    """Tell the lines of the events after the one numbered `after`, up to `last` if given.

    Gives back the number up to which all were told; None where there is no such history under `url`.
    """
    following: httpx2.URL | None = url.copy_merge_params({"after": str(after), "limit": "1000"})
    try:
        while following is not None:
            response = yield from fetch(manners, following, JSON)
            for row in msgspec.json.decode(response.content, type=_Page).items:
                if last is not None and row.seq > last:
                    return after
                after = row.seq
                if row.type == "log":
                    yield Tell(LogLine(row.reason or "", row.at))
            link = find_link(response.headers.get("Link", ""), "next")
            following = None if link is None else following.join(link)
    except (ApiError, ValueError, RecursionError):
        return None
    return after
