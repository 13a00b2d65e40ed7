"""What the steps of the demonstration act on."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from coatcheck.client import AsyncClient
from coatcheck.demo.screen import Screen
from coatcheck.demo.server import PATIENCE, Server

TARGET = "coatcheck.demo.application:jobs"
POLL_INTERVAL = 0.2
"""Seconds between two polls, for smooth bars; a client that is told nothing follows Retry-After."""


class StageFailed(Exception):
    """Something did not happen as told."""


def expect(truth: object, otherwise: str) -> None:
    """Raise StageFailed, saying `otherwise`, unless `truth`."""
    if not truth:
        raise StageFailed(otherwise)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A running server, two ways to talk to it, and a screen."""

    screen: Screen
    server: Server
    url: str
    http: httpx2.AsyncClient
    """Plain HTTP: for what is shown as it goes over the wire."""
    api: AsyncClient
    directory: Path
    """Where the server's files are, and results are downloaded to."""

    @classmethod
    @asynccontextmanager
    async def opened(cls, screen: Screen, directory: Path) -> "AsyncIterator[Stage]":
        """Serve the application while the context lasts."""
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(Server.serving(TARGET, directory))
            url = await server.url()
            http = await stack.enter_async_context(httpx2.AsyncClient(base_url=url, timeout=PATIENCE))
            api = await stack.enter_async_context(AsyncClient(url, poll_interval=POLL_INTERVAL))
            yield cls(screen=screen, server=server, url=url, http=http, api=api, directory=directory)

    async def ask(
        self, method: str, url: str, *expected: int, json: Any = None, headers: Mapping[str, str] | None = None, body: bool = True
    ) -> httpx2.Response:
        """Send a request and show it with its answer. Raises StageFailed for a status that was not expected."""
        answer = await self.http.request(method, url, json=json, headers=headers)
        self.screen.exchange(answer, body=body)
        expect(answer.status_code in expected, f"{method} {url} answered {answer.status_code}; {expected} was expected.")
        return answer

    async def history(self, status_url: str) -> list[dict[str, Any]]:
        """The events of a job but for its progress."""
        answer = await self.http.get(f"{status_url}/events", params={"limit": 1000})
        answer.raise_for_status()
        return [event for event in answer.json()["items"] if event["type"] != "progress"]
