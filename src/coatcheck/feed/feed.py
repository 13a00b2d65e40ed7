"""What happens to jobs, told to all who watch them."""

import asyncio
from collections.abc import Hashable, Iterator
from contextlib import ExitStack, contextmanager

from coatcheck.domain.job import JobRecord
from coatcheck.feed.channel import Channel
from coatcheck.feed.lookout import Lookout
from coatcheck.feed.message import Render
from coatcheck.feed.watch import Watch
from coatcheck.store.contract import Store
from coatcheck.telemetry import Telemetry


class Feed:
    """A channel for each job that somebody watches, on each event loop where somebody does."""

    def __init__(self, store: Store, lookout: Lookout, telemetry: Telemetry) -> None:
        self._store, self._lookout, self._telemetry = store, lookout, telemetry
        self._channels: dict[Hashable, tuple[Channel, ExitStack]] = {}

    @contextmanager
    def watching(self, job: JobRecord, render: Render, *, after: int | None, variant: Hashable = None) -> Iterator[Watch]:
        """Watch a job, from the event numbered `after` on; None: from how it stands.

        What `render` makes of it is shared by all who name the same `variant`. Nothing up to `job.last_event` is missed, though
        another process has written it.
        """
        key = (asyncio.get_running_loop(), job.id, variant)
        channel = self._channel(key, job, render)
        watch = Watch(channel, after, known=job.last_event)
        channel.add(watch.wake)
        if channel.last < job.last_event:
            channel.read()
        try:
            yield watch
        finally:
            watch.close()
            if not channel.remove(watch.wake):
                _, following = self._channels.pop(key)
                following.close()

    def _channel(self, key: Hashable, job: JobRecord, render: Render) -> Channel:
        if key not in self._channels:
            channel, following = Channel(job, render, self._store, self._telemetry), ExitStack()
            following.enter_context(self._lookout.telling(job.id, channel.show))
            self._channels[key] = channel, following
        return self._channels[key][0]
