"""Clients whose server is killed under them and started again, while the worker goes on."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from coatcheck.client import AsyncClient, Client, LogLine
from tests.restarted import Restarted, restarted

APPLICATION = Path(__file__).parents[1] / "javascript"
ADA = {"Authorization": "Bearer adas-token"}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Restarted]:
    with restarted("application:jobs", tmp_path, app_directory=APPLICATION, COATCHECK_POLL_RATE="none") as service:
        yield service


class Told:
    """What somebody was told of a job."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.steps: list[float] = []
        self.status = ""
        self._came = threading.Condition()

    def take(self, news: Any) -> None:
        with self._came:
            if isinstance(news, LogLine):
                self.lines.append(news.message)
            else:
                self.status = news.status
                self.steps += [] if news.progress_detail is None else [news.progress_detail.current]
            self._came.notify_all()

    def until(self, line: str) -> None:
        with self._came:
            assert self._came.wait_for(lambda: line in self.lines, 60)


@pytest.mark.parametrize("stream", [True, False], ids=["streams", "looks"])
async def test_nothing_is_lost_or_told_twice_when_the_server_is_killed(service: Restarted, tmp_path: Path, stream: bool) -> None:  # noqa: FBT001
    """What happened meanwhile is told, too, once the server is back; nobody is shown an older state after a newer one."""
    options: Any = {"headers": ADA, "poll_interval": 0.1, "attempts": 10, "stream": stream}
    both = [Told(), Told()]

    def let(*steps: int) -> None:
        for step in steps:
            (tmp_path / str(step)).touch()

    async def follow(url: str) -> None:
        async for news in (await api.job(url)).events():
            both[0].take(news)

    def follow_blocking(url: str) -> None:
        with Client(service.url, **options) as client:
            for news in client.job(url).events():
                both[1].take(news)

    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(AsyncClient(service.url, **options))
        job = await api.submit("/tick", {"folder": str(tmp_path), "steps": 6})
        following = asyncio.gather(follow(job.url), asyncio.to_thread(follow_blocking, job.url))
        let(1, 2)
        for told in both:
            await asyncio.to_thread(told.until, "step 2")
        await asyncio.to_thread(service.kill)
        let(3, 4)
        await asyncio.to_thread(service.start)
        for told in both:
            await asyncio.to_thread(told.until, "step 4")
        let(5, 6)
        await following
        assert await job.result() == 6
    for told in both:
        assert told.lines == [f"step {step}" for step in range(1, 7)]
        assert told.steps == sorted(told.steps)
        assert told.status == "completed"
