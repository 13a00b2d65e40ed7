"""Waiting for jobs: one look at the store for all who wait."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from coatcheck.bell import Bell
from coatcheck.feed.hints import Hints
from coatcheck.store.insight import Insight, Standing
from coatcheck.telemetry import Telemetry

_SHARE = 4.0
"""After a look, hints gather for this many times as long as it took, so that looking takes a fifth of a loop's time at most."""

LIVELY = 0.2
"""Seconds between looks while somebody is told of progress as it comes."""

Moved = Callable[[Standing | None], bool]
"""Whether a job is what somebody waits for, by how it stands."""
Show = Callable[[Standing | None], None]
"""Is told how a job stands now; None: it is no more."""


class Watched:
    """A job that somebody keeps an eye on."""

    def __init__(self) -> None:
        self._moved: Moved = lambda _: False
        self._unread: list[Standing | None] = []
        """The newest standing, until somebody was woken by it."""
        self._woken = asyncio.Event()

    async def until(self, moved: Moved) -> None:
        """Return once `moved` says so of how the job stands, which may be how it stood since this was last called.

        It may have moved on by then: look at the job itself.
        """
        self._moved = moved
        if not any(map(moved, self._unread)):
            self._woken.clear()
            await self._woken.wait()
        self._unread.clear()

    def show(self, standing: Standing | None) -> None:
        """Tell how the job stands now; None: it is no more."""
        self._unread[:] = [standing]
        if self._moved(standing):
            self._woken.set()


class Lookout:
    """Looks at all jobs that are waited for with one read, when the store hints at a change or `poll_interval` seconds passed.

    Each event loop on which somebody waits looks for itself, so that nobody depends on a loop that is not its own. While the
    store cannot be read, everybody goes on waiting.
    """

    def __init__(self, insight: Insight, hints: Hints, *, poll_interval: float, telemetry: Telemetry) -> None:
        self._insight, self._hints, self._poll_interval, self._telemetry = insight, hints, poll_interval, telemetry
        self._posts: dict[asyncio.AbstractEventLoop, _Post] = {}

    @contextmanager
    def watching(self, job_id: str) -> Iterator[Watched]:
        """Keep an eye on a job: whatever happens to it from here on will be seen."""
        watched = Watched()
        with self._telling(job_id, watched.show):
            yield watched

    @contextmanager
    def telling(self, job_id: str, show: Show) -> Iterator[None]:
        """Call `show` with how the job stands, after each look, on the running event loop.

        Looks are taken every `LIVELY` seconds at least: not every store hints at progress.
        """
        with self._telling(job_id, show) as post:
            post.lively += 1
            post.bell.ring()
            try:
                yield
            finally:
                post.lively -= 1

    @contextmanager
    def _telling(self, job_id: str, show: Show) -> "Iterator[_Post]":
        post = self._post()
        post.add(job_id, show)
        try:
            yield post
        finally:
            post.remove(job_id, show)

    def _post(self) -> "_Post":
        loop = asyncio.get_running_loop()
        post = self._posts.get(loop)
        if post is None:
            post = self._posts[loop] = _Post()
            self._hints.add(post.bell)
            post.task = loop.create_task(self._man(loop, post), name="Lookout")
            post.task.add_done_callback(lambda _: self._leave(loop, post))  # should it be cancelled before it begins
        return post

    async def _man(self, loop: asyncio.AbstractEventLoop, post: "_Post") -> None:
        """Look until nothing is left to watch. A look is never broken off, which would cost its connection."""
        while post.watched:
            await post.bell.rung(min(self._poll_interval, LIVELY) if post.lively else self._poll_interval)
            if post.watched:
                began = loop.time()
                await self._look(post)
                await _pause(_SHARE * (loop.time() - began))
        self._leave(loop, post)

    def _leave(self, loop: asyncio.AbstractEventLoop, post: "_Post") -> None:
        self._hints.remove(post.bell)
        if self._posts.get(loop) is post:
            del self._posts[loop]

    async def _look(self, post: "_Post") -> None:
        asked = tuple(post.watched)
        try:
            standings = await self._insight.standing(asked)
        except Exception as error:  # noqa: BLE001  whatever it was, the next look may do better
            self._telemetry.emit("service.failed", service=type(self).__name__, error=error)
        else:
            for job_id in asked:
                post.show(job_id, standings.get(job_id))


class _Post:
    """What is watched on one event loop."""

    def __init__(self) -> None:
        self.bell = Bell()
        self.lively = 0
        """How many are to be told of progress as it comes."""
        self.watched: dict[str, list[Show]] = {}
        self.task: asyncio.Task[None] | None = None

    def add(self, job_id: str, show: Show) -> None:
        self.watched.setdefault(job_id, []).append(show)

    def remove(self, job_id: str, show: Show) -> None:
        those = self.watched[job_id]
        those.remove(show)
        if not those:
            del self.watched[job_id]
        if not self.watched:
            self.bell.ring()

    def show(self, job_id: str, standing: Standing | None) -> None:
        for show in tuple(self.watched.get(job_id, ())):
            show(standing)


async def _pause(seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.Event().wait()
