"""Asking one of an application's routes that speak of webhooks."""

from typing import Any
from urllib.parse import quote

import httpx2
import msgspec

from coatcheck.client import Client
from coatcheck.client.body import body_of
from coatcheck.client.errors import ApiError
from coatcheck.client.exchange import Send, exchange, fetch
from coatcheck.client.looking import JSON
from coatcheck.wire.headers import find_link


def ask(api: Client, method: str, path: str, json: Any = msgspec.UNSET) -> Any:
    """What the route at `path`, below the application's URL, answers; None for nothing. Raises ApiError and Unreachable.

    Only what changes nothing is asked twice where an answer got lost.
    """
    url = _below(api, path)
    body = None if json is msgspec.UNSET else body_of(json)
    headers = {**JSON, **(body.headers if body else {})}
    send = Send(method=method, url=url, headers=headers, body=body, trusted=api._manners.trusts(url))
    return _decoded(api._driver.run(exchange(api._manners, send, repeatable=method == "GET")))


def ask_pages(api: Client, path: str) -> list[dict[str, Any]]:
    """All items of a list, page by page."""
    url: httpx2.URL | None = _below(api, path)
    items: list[dict[str, Any]] = []
    while url is not None:
        response = api._driver.run(fetch(api._manners, url, JSON))
        items += _decoded(response)["items"]
        following = find_link(response.headers.get("Link", ""), "next")
        url = None if following is None else _below(api, path).copy_with(query=url.join(following).query)
    return items


def segment(text: str) -> str:
    """What the user gave, as one segment of a path."""
    return quote(text, safe="")


def _below(api: Client, path: str) -> httpx2.URL:
    return httpx2.URL(path) if "://" in path else httpx2.URL(f"{str(api._manners.base_url).rstrip('/')}{path}")


def _decoded(response: httpx2.Response) -> Any:
    if not response.content:
        return None
    try:
        return msgspec.json.decode(response.content)
    except ValueError as error:
        raise ApiError.unexpected(response, f"Its body is not what a Coatcheck application sends ({error}).") from error
