"""One job, followed for all on this event loop who watch it."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from coatcheck.domain.event import Event
from coatcheck.domain.job import JobRecord
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.replay import after, unbegun
from coatcheck.feed.archive import Archive
from coatcheck.feed.history import history
from coatcheck.feed.message import Message, Render, message_of
from coatcheck.store.contract import Store
from coatcheck.store.insight import Standing
from coatcheck.telemetry import Telemetry

WINDOW = 100
"""Newest messages that are kept for those who are a little behind. None is missing between them: a job keeps more events."""
_ARCHIVE_KEPT = 10.0
"""Seconds for which what was read again for those who are further behind is kept for others of them."""
_AT_ONCE = 200
"""Watchers that are woken in one turn of the event loop."""
_KEPT = 1.0
"""Seconds for which the present state is as it was rendered: what it says of the time to come gets old."""


class Channel:
    """Reads the events of a job once each, and makes one message of each.

    Who watches has a cursor, the number of the last event it knows. Up to `WINDOW` messages behind, it is given the same
    messages as all others, so that whoever reads slowly, or not at all, costs its cursor.
    """

    def __init__(self, job: JobRecord, render: Render, store: Store, telemetry: Telemetry) -> None:
        self._job, self._render, self._store, self._telemetry = job, render, store, telemetry
        self._version: int | None = job.version
        """As of the look that was followed last; None where that came to nothing."""
        self._wakers: dict[Callable[[], None], None] = {}
        self._was = unbegun(job)
        self._window: list[Message] = []
        self._unearthing = asyncio.Lock()
        self._archive: Archive | None = None
        self._present: tuple[float, Message] | None = None
        self._following: asyncio.Task[None] | None = None
        self._stale = False
        self.last = 0
        """Number of the newest event that was read; 0: none yet."""
        self.gone = False
        """Whether the job is no more."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come, unless the job is retried."""
        return self.gone or (self.last > 0 and self._was.status.terminal)

    def add(self, wake: Callable[[], None]) -> None:
        """Call `wake` whenever there is something to see."""
        self._wakers[wake] = None
        if not self.last:
            self.read()

    def remove(self, wake: Callable[[], None]) -> bool:
        """Call it no more; whether somebody is left."""
        del self._wakers[wake]
        return bool(self._wakers)

    def show(self, standing: Standing | None) -> None:
        """Read on where the job is another than it was."""
        version = None if standing is None else standing.version
        if version is None or version != self._version:
            self._version = version
            self.read()

    def read(self) -> None:
        """Read on, now."""
        self._stale = True
        if self._following is None:
            self._following = asyncio.get_running_loop().create_task(self._follow(), name="Channel")

    async def after(self, cursor: int | None) -> Sequence[Message]:
        """What comes after the event numbered `cursor`, as far as it was read; of much, the first part.

        The present state alone where that is not all there any more, or `cursor` is no number that there has been.
        """
        if cursor is None or not 0 <= cursor <= self.last:
            return [await self._state()]
        floor = self.last - len(self._window)
        if cursor >= floor:
            return self._window[cursor - floor :]
        return await self._far_behind(cursor) or [await self._state()]

    async def _state(self) -> Message:
        """How the job stands. Whoever knows that knows all that has happened up to now."""
        now, last, job = asyncio.get_running_loop().time(), self.last, self._was
        if self._present is None or self._present[1].seq != last or self._present[0] < now - _KEPT:
            self._present = now, Message(last, await self._render(job, now=True))
        return self._present[1]

    # Reading on ------------------------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        """Read until there is nothing new. A read is never broken off, which would cost its connection."""
        try:
            while self._stale and self._wakers:
                self._stale = False
                await self._read_on()
        except Exception as error:  # noqa: BLE001  whatever it was, it may go better after the next look
            self._version = None
            self._telemetry.emit("service.failed", service=type(self).__name__, error=error)
        finally:
            self._following = None

    async def _read_on(self) -> None:
        events = await history(self._store, self._job.id, after=self.last)
        if self._version is None or not all(event.type.prunable for event in events):  # those do not say all there is to say
            job = await self._store.get(self._job.id, SYSTEM)
            self.gone = not isinstance(job, JobRecord)
            self._job = job if isinstance(job, JobRecord) else self._job
        if events and not self.gone:
            await self._take(events)
        if events or self.gone:
            self._wake(iter(tuple(self._wakers)))

    def _wake(self, rest: Iterator[Callable[[], None]]) -> None:
        """Wake some, and the rest once the loop has looked after others: thousands at once would hold up whoever else is served."""
        some = [*islice(rest, _AT_ONCE)]
        for wake in some:
            wake()
        if len(some) == _AT_ONCE:
            asyncio.get_running_loop().call_soon(self._wake, rest)

    async def _take(self, events: Sequence[Event]) -> None:
        """Make messages of new events; of those from before anybody watched, only once somebody asks."""
        was, first, messages = self._was, self.last == 0, list[Message]()
        for place, event in enumerate(events):
            was = after(event, was, self._job)
            if not first and place >= len(events) - WINDOW:
                messages.append(await message_of(event, was, self._render, now=place == len(events) - 1))
        self._window = [*self._window, *messages][-WINDOW:]
        self._was, self.last = was, events[-1].seq

    # Reading again ---------------------------------------------------------------------------------------------------

    async def _far_behind(self, cursor: int) -> Sequence[Message]:
        """The first messages after `cursor`, which the window has no more; nothing where one of them all is missing."""
        async with self._unearthing:  # many who were cut off at once come back at once
            archive = self._archive
            if archive is None or cursor >= archive.last:
                archive = self._archive = await self._unearthed()
        return await archive.after(cursor, WINDOW) if archive.floor <= cursor else ()

    async def _unearthed(self) -> Archive:
        archive = Archive(self._job, await history(self._store, self._job.id, until=self.last), self._render)
        asyncio.get_running_loop().call_later(_ARCHIVE_KEPT, self._forget, archive)
        return archive

    def _forget(self, archive: Archive) -> None:
        if self._archive is archive:
            self._archive = None
