"""Flow B, the decision guide: the row "server-sent events", behind a proxy that is not on our side.

A real nginx that gives up on a server that says nothing for a second, and that keeps what it is sent until there is more of it,
unless it is told not to.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx2
import pytest

from coatcheck.testing.harness import eventually
from tests.cli.running import running
from tests.processes.nginx import in_front_of
from tests.sse import ACCEPT, Event, Parser, listening

APPLICATION = """
import asyncio
from pathlib import Path
from threading import Event

from coatcheck import Coatcheck, Job

jobs = Coatcheck()

@jobs.operation("/reports")
async def report(directory: str, job: Job) -> int:
    for page in range(4):
        job.progress(25 * page)
        while not (Path(directory) / f"page {page}").exists():
            await asyncio.to_thread(Event().wait, 0.02)
    return 4
"""
BUFFERING = "proxy_buffering on; proxy_buffers 8 64k; proxy_http_version 1.1;"


class Page:
    """An EventSource, which comes back with the last number whenever its line is cut, and stays away after a 204."""

    def __init__(self, api: httpx2.Client, url: str) -> None:
        self._api, self._url = api, url
        self.events: list[Event] = []
        self.connections = 0

    def watch(self) -> list[Event]:
        """Everything to the end."""
        while True:
            parser, last = Parser(), {"Last-Event-ID": self.events[-1].id} if self.events else {}
            with self._api.stream("GET", self._url, headers={**ACCEPT, **last}) as answer:
                if answer.status_code == 204:
                    return self.events
                assert answer.status_code == 200
                self.connections += 1
                try:
                    for piece in answer.iter_raw():
                        self.events += parser.feed(piece)
                except httpx2.TransportError:
                    pass  # cut off

    def has_shown(self, percentage: int) -> bool:
        return any(event.json["percentComplete"] == percentage for event in self.events)

    def has_connected(self, times: int) -> bool:
        return self.connections >= times


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`host:port` of the application's server."""
    folder = tmp_path_factory.mktemp("press")
    (folder / "press.py").write_text(APPLICATION)
    with running("serve", "press:jobs", "--port", "0", "--grace", "1", folder=folder) as server:
        yield server.url.removeprefix("http://")


@contextmanager
def behind_nginx(server: str, folder: Path, directives: str) -> Iterator[httpx2.Client]:
    with in_front_of([server], folder, directives) as url, httpx2.Client(base_url=url, trust_env=False, timeout=30) as api:
        yield api


def test_each_event_is_passed_on_when_it_comes_though_the_proxy_keeps_what_it_can(server: str, tmp_path: Path) -> None:
    with behind_nginx(server, tmp_path, BUFFERING) as api:
        job = api.post("/reports", json={"directory": str(tmp_path)}).json()
        with listening(api, job["_links"]["events"]["href"]) as events:
            for number in range(4):
                next(event for event in events if event.json["percentComplete"] == 25 * number)
                (tmp_path / f"page {number}").touch()
            assert [event.json["status"] for event in events] == ["completed"]


def test_progress_behind_an_impatient_proxy_is_neither_lost_nor_told_twice(server: str, tmp_path: Path) -> None:
    with behind_nginx(server, tmp_path, f"{BUFFERING} proxy_read_timeout 1s;") as api:
        job = api.post("/reports", json={"directory": str(tmp_path)}).json()
        page = Page(api, job["_links"]["events"]["href"])
        with ThreadPoolExecutor(1) as thread:
            watching = thread.submit(page.watch)
            for number in range(4):
                eventually(partial(page.has_shown, 25 * number))
                if number in (1, 2):  # nothing is said until nginx has given up
                    eventually(partial(page.has_connected, page.connections + 1))
                (tmp_path / f"page {number}").touch()
            events = watching.result(timeout=30)
    assert page.connections >= 3
    assert [int(event.id) for event in events] == list(range(int(events[0].id), int(events[0].id) + len(events)))
    assert [event.json["status"] for event in events][-2:] == ["running", "completed"]
