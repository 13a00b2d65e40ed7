"""A result that is a resource of the application's own."""

import re
from typing import Any, Final, Self
from urllib.parse import quote

import msgspec

from coatcheck.domain.result import Result

CREATED: Final = "application/vnd.coatcheck.created+json"
"""Media type under which it is stored; no file has it, for files are stored as blobs."""

_REST = r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2}|[^\x00-\x7f])*+"
_URL = re.compile(rf"(?:(?i:https?)://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{{1,5}})?(?=[/?#]|$)|(?=/(?!/))){_REST}")
_LONGEST = 2000


class Created:
    """What an operation's function returns when its result is a resource of the application's own.

        return Created("/reports/7")

    `url` is an absolute path, or an http or https URL; what is not ASCII in it is percent-encoded. It stands in the job's
    `resultUrl`, and the job's result URL answers 303 to it. `body`, which has a JSON form and is small, stands in `result`.

    Raises ValueError for any other URL: one that names another host without a scheme (`//host`), or a user, or that has
    characters that no URL has.
    """

    __slots__ = ("body", "url")

    def __init__(self, url: str, body: Any = None) -> None:
        if len(url) > _LONGEST or not _URL.fullmatch(url):
            raise ValueError(
                f"Created({url!r:.200}): give an absolute path like '/reports/7', or a URL like 'https://example.com/reports/7', "
                f"at most {_LONGEST} characters, whatever is special in it percent-encoded."
            )
        self.url = quote(url, safe="/:?#[]@!$&'()*+,;=%~-._")
        self.body = body

    @classmethod
    def of(cls, result: Result) -> Self | None:
        """What a stored result says; None for a result of another kind."""
        if result.media_type != CREATED or result.body is None:
            return None
        return cls(**msgspec.json.decode(result.body, type=dict[str, Any]))

    @property
    def members(self) -> dict[str, Any]:
        """What is stored of it, as JSON."""
        return {"url": self.url, "body": self.body}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Created) and (self.url, self.body) == (other.url, other.body)

    def __hash__(self) -> int:
        return hash(self.url)

    def __repr__(self) -> str:
        return f"Created({self.url!r})" if self.body is None else f"Created({self.url!r}, {self.body!r})"
