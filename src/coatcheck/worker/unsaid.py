"""What a run has said of itself and nobody has passed on yet."""

from collections import deque

import msgspec

from coatcheck.domain.event import EVENT_LIMIT
from coatcheck.domain.progress import Progress
from coatcheck.store.contract import LogEntry


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a run said within a moment: of progress and checkpoints the newest, of log lines all."""

    progress: Progress | None = None
    checkpoint: bytes | None = None
    log: tuple[LogEntry, ...] = ()


class Unsaid:
    """Filled by the function, from whatever thread it runs in; emptied by whoever passes it on."""

    def __init__(self) -> None:
        self.progress: Progress | None = None
        self.checkpoint: bytes | None = None
        self.log: deque[LogEntry] = deque(maxlen=EVENT_LIMIT)

    def __bool__(self) -> bool:
        return self.progress is not None or self.checkpoint is not None or bool(self.log)

    def add(self, said: Said) -> None:
        """Say what was said elsewhere."""
        self.progress = said.progress or self.progress
        self.checkpoint = said.checkpoint or self.checkpoint
        self.log.extend(said.log)

    def take(self) -> Said:
        """All of it, which leaves nothing."""
        # The checkpoint first: a position may be older than the progress told with it, and never newer.
        checkpoint, self.checkpoint = self.checkpoint, None
        progress, self.progress = self.progress, None
        log = tuple(self.log.popleft() for _ in range(len(self.log)))
        return Said(progress=progress, checkpoint=checkpoint, log=log)

    def give_back(self, said: Said) -> None:
        """Keep for the next try what could not be passed on, unless something newer was said since."""
        self.progress = self.progress or said.progress
        self.checkpoint = self.checkpoint or said.checkpoint
        self.log.extendleft(reversed(said.log))
