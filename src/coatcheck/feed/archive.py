"""The history of a job for those who are far behind, as it was read once for all of them."""

from collections.abc import Sequence

from coatcheck.domain.event import Event
from coatcheck.domain.job import JobRecord
from coatcheck.domain.replay import replay
from coatcheck.feed.message import Message, Render, message_of


class Archive:
    """Events up to `last`, and the messages that were made of them so far.

    `events` begin with the first there is. Of those that something is missing after nothing can be told.
    """

    def __init__(self, job: JobRecord, events: Sequence[Event], render: Render) -> None:
        self._render = render
        self._told = list(replay(job, events))
        self._messages: dict[int, Message] = {}
        self.last = events[-1].seq if events else 0
        """Number of the newest."""
        self.floor = self.last - _unbroken(events)
        """What comes after this number is all there."""

    async def after(self, cursor: int, most: int) -> list[Message]:
        """At most so many messages after `cursor`, which is `floor` or above."""
        start = len(self._told) - (self.last - cursor)
        return [await self._message(event, was) for event, was in self._told[start : start + most]]

    async def _message(self, event: Event, was: JobRecord) -> Message:
        if event.seq not in self._messages:
            self._messages[event.seq] = await message_of(event, was, self._render, now=False)
        return self._messages[event.seq]


def _unbroken(events: Sequence[Event]) -> int:
    """How many of the newest there are between which none is missing."""
    count = min(1, len(events))
    while 0 < count < len(events) and events[-count - 1].seq == events[-count].seq - 1:
        count += 1
    return count
