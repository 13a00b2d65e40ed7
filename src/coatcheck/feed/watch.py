"""Somebody who watches a job, up to some event."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from coatcheck.errors import StoreUnavailable
from coatcheck.feed.channel import Channel
from coatcheck.feed.message import Message


class Watch:
    """A cursor on the messages of one job. It holds none of them: who is slow finds them in the channel, or in the store."""

    def __init__(self, channel: Channel, cursor: int | None, *, known: int) -> None:
        self._channel, self._known = channel, known
        self._loop, self._woken = asyncio.get_running_loop(), asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._ends, self._late = 0.0, False
        self.cursor = cursor
        """Number of the last event that was passed on; None: not even how the job stands."""
        self.stopped = False
        """Whether nobody is to watch any more, though the job goes on."""

    @property
    def over(self) -> bool:
        """Whether nothing is left to wait for."""
        channel = self._channel
        return self.stopped or channel.gone or (channel.ended and self.cursor == channel.last >= self._known)

    def wake(self) -> None:
        """Have whoever waits look."""
        self._woken.set()

    def stop(self) -> None:
        """Watch no more; a cursor says where to go on, here or elsewhere. On the watch's own event loop."""
        self.stopped = True
        self._woken.set()

    def close(self) -> None:
        """Nothing will be asked any more."""
        if self._timer is not None:
            self._timer.cancel()

    async def messages(self, patience: float) -> Sequence[Message]:
        """What is new, at least one message; empty when there is none within `patience` seconds, or when it is over.

        Once one is passed on, `cursor` is to be set to its number. While the store is out of reach, there is nothing new.
        """
        self._wait_until(self._loop.time() + patience)
        while not self.over:
            self._woken.clear()
            if self._channel.last >= self._known and self.cursor != self._channel.last:
                with suppress(StoreUnavailable):
                    return await self._channel.after(self.cursor)
            if self._late:
                break
            await self._woken.wait()
        return ()

    def _wait_until(self, moment: float) -> None:
        """Be late from then on. One timer goes on for all waits: one for each would cost more than what is waited for."""
        self._ends, self._late = moment, False
        if self._timer is None or self._timer.when() > moment:
            self.close()
            self._timer = self._loop.call_at(moment, self._ring)

    def _ring(self) -> None:
        self._late = self._loop.time() >= self._ends
        self._timer = None if self._late else self._loop.call_at(self._ends, self._ring)
        if self._late:
            self._woken.set()
