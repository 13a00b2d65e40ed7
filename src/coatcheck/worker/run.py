"""One attempt under way: what it has said and not yet stored, and whether it must end."""

import asyncio
from collections import deque
from collections.abc import Callable
from enum import Enum, auto, unique

from coatcheck.clock import Clock
from coatcheck.domain.claim import Claim
from coatcheck.domain.event import EVENT_LIMIT
from coatcheck.domain.progress import Progress
from coatcheck.store.contract import LogEntry


@unique
class Interruption(Enum):
    """Why a run was told to end."""

    CANCELLED = auto()
    """The client asked for it."""
    TIMED_OUT = auto()
    """Its deadline passed."""
    STOPPED = auto()
    """The worker shuts down and the grace is over."""
    LOST = auto()
    """The claim is no longer ours."""


class ActiveRun:
    """The effects that a job's context calls (`coatcheck.context.Run`), from whatever thread the function runs in."""

    def __init__(self, claim: Claim, clock: Clock) -> None:
        self.claim = claim
        self.clock = clock
        self.job_id = claim.job_id
        self.attempt = claim.attempt
        self.fence = claim.fence
        started = claim.job.started_at or clock.now()
        self.deadline = None if claim.job.timeout is None else started + claim.job.timeout
        self.ends_at = None if claim.job.timeout is None else clock.monotonic() + claim.job.timeout
        """The deadline on the monotonic clock, which no change of the wall clock moves."""
        self.stopping = False
        self.ended = False
        """Whether the function is through; what is left is to record how."""
        self.overrun = False
        """Whether it went on past the grace after it was told to end."""
        self.abandoned = False
        """Whether it was settled over the function's head; what the function still says or returns is dropped."""
        self.interruption: Interruption | None = None
        self.interrupted_at = 0.0
        self.deliver_interruption: Callable[[], None] | None = None
        """How the runner reaches the function; set once it runs."""
        self.flushing = asyncio.Lock()
        """Held by whoever stores what was said, so that nothing overtakes it: the ending least of all."""
        self._progress: Progress | None = None
        self._checkpoint: bytes | None = None
        self._log: deque[LogEntry] = deque(maxlen=EVENT_LIMIT)

    @property
    def cancelled(self) -> bool:
        return self.interruption is Interruption.CANCELLED

    @property
    def interrupted(self) -> bool:
        return self.interruption is not None

    def interrupt(self, why: Interruption) -> None:
        """Tell the run to end. The first reason stands, but for a lost claim, which beats any other."""
        if self.interruption is None or (why is Interruption.LOST and self.interruption is not why):
            self.interruption, self.interrupted_at = why, self.clock.monotonic()
            if self.deliver_interruption is not None:
                self.deliver_interruption()

    def report(self, progress: Progress) -> None:
        self._progress = progress

    def log(self, level: str, message: str) -> None:
        self._log.append(LogEntry(level, message, self.clock.now()))

    def checkpoint(self, data: bytes) -> None:
        self._checkpoint = data

    @property
    def unsaid(self) -> bool:
        """Whether something waits to be stored."""
        return self._progress is not None or self._checkpoint is not None or bool(self._log)

    def take_report(self) -> tuple[Progress | None, list[LogEntry]]:
        """What was said since the last call."""
        progress, self._progress = self._progress, None
        lines = [self._log.popleft() for _ in range(len(self._log))]
        return progress, lines

    def take_checkpoint(self) -> bytes | None:
        """The newest checkpoint since the last call."""
        checkpoint, self._checkpoint = self._checkpoint, None
        return checkpoint

    def give_back(self, progress: Progress | None, lines: list[LogEntry], checkpoint: bytes | None) -> None:
        """Keep for the next try what could not be stored, unless something newer was said since."""
        self._progress = self._progress or progress
        self._checkpoint = self._checkpoint or checkpoint
        self._log.extendleft(reversed(lines))
