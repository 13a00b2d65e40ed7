"""One event of a job as its watchers get it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import msgspec

from coatcheck.domain.event import Event, EventType
from coatcheck.domain.job import JobRecord
from coatcheck.store.contract import LogEntry
from coatcheck.wire.representation import Line, moment
from coatcheck.wire.sse import format_event


@dataclass(frozen=True)
class Message:
    """Made once, and shared by all who watch the job."""

    seq: int
    """The event's number: whoever has seen this has seen everything up to it."""
    data: bytes
    """JSON on one line: the job as of the event, or what the run wrote into its log."""
    name: str = ""
    """`log` for a line of the log; empty for the job."""

    @cached_property
    def frame(self) -> bytes:
        """As a server-sent event."""
        return format_event(self.data, id=self.seq, name=self.name)

    @cached_property
    def text(self) -> str:
        """As a text message of a WebSocket."""
        name = f'"event":"{self.name}",' if self.name else ""
        return f'{{"id":{self.seq},{name}"data":{self.data.decode()}}}'


class Render(Protocol):
    """Makes one line of JSON of a job."""

    async def __call__(self, job: JobRecord, *, now: bool) -> bytes:
        """`now`: whether that is how it stands now, or as it once was."""
        ...


async def message_of(event: Event, was: JobRecord, render: Render, *, now: bool) -> Message:
    """The message of an event, once which had happened the job was as in `was`."""
    if event.type is EventType.LOG and event.data is not None:
        return line(event.seq, event.data)
    return Message(event.seq, await render(was, now=now))


def line(seq: int, written: bytes) -> Message:
    """What a run wrote into its log, as the store keeps it."""
    entry = msgspec.json.decode(written, type=LogEntry)
    return Message(seq, msgspec.json.encode(Line(level=entry.level, message=entry.message, at=moment(entry.at))), "log")
