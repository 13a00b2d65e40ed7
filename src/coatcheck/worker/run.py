"""One attempt under way: what it has said and not yet stored, and whether it must end."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from enum import StrEnum, unique
from typing import Any, Protocol

from coatcheck.clock import Clock
from coatcheck.domain.claim import Claim
from coatcheck.domain.job import JobRecord
from coatcheck.domain.progress import Progress
from coatcheck.run import Transacted
from coatcheck.store.contract import LogEntry
from coatcheck.worker.unsaid import Unsaid


@unique
class Interruption(StrEnum):
    """Why a run was told to end."""

    CANCELLED = "cancelled"
    """The client asked for it."""
    TIMED_OUT = "timed-out"
    """Its deadline passed."""
    STOPPED = "stopped"
    """The worker shuts down and the grace is over."""
    LOST = "lost"
    """The claim is no longer ours."""


class Killable(Protocol):
    """What a run has beside it where it can be ended against its will: a process of its own."""

    def press(self, waited: float, grace: float) -> None:
        """Take the measures that are due `waited` seconds after the run was told to end; at `grace`, the last one."""

    def kill(self) -> None:
        """End it now."""


Transact = Callable[["ActiveRun", Callable[[Any], Any]], Future[Transacted]]
"""Carries out a transaction of a run's function."""


class ActiveRun:
    """The effects that a job's context calls (`coatcheck.context.Run`), from whatever thread the function runs in."""

    stopping = False
    ended = False
    """Whether the function is through; what is left is to record how."""
    overrun = False
    """Whether it went on past the grace after it was told to end."""
    abandoned = False
    """Whether it was settled over the function's head; what the function still says or returns is dropped."""
    interruption: Interruption | None = None
    interrupted_at = 0.0
    deliver: Callable[[], None] | None = None
    """How the runner tells the function of an interruption, or that the worker is stopping; set once it runs."""
    process: Killable | None = None
    """The run's own process; None where it runs in the worker's, from which nothing but its end can remove it."""
    completing = False
    """Whether its function completes the job by a transaction. Whether the claim is still ours is the store's to say then."""
    settled: JobRecord | None = None
    """The job as that left it, completed."""
    settling: asyncio.Task[None] | None = None
    """Stores what it said, where that has to come before how it ended."""

    def __init__(self, claim: Claim, clock: Clock, *, grace: float, transact: Transact | None = None) -> None:
        self.claim = claim
        self.clock = clock
        self.job_id = claim.job_id
        self.attempt = claim.attempt
        self.fence = claim.fence
        self.grace = grace
        started = claim.job.started_at or clock.now()
        self.deadline = None if claim.job.timeout is None else started + claim.job.timeout
        self.ends_at = None if claim.job.timeout is None else clock.monotonic() + claim.job.timeout
        """The deadline on the monotonic clock, which no change of the wall clock moves."""
        self._transact = transact
        self.unsaid = Unsaid()
        self.flushing = asyncio.Lock()
        """Held by whoever stores what was said, so that nothing overtakes it: the ending least of all."""

    @property
    def cancelled(self) -> bool:
        return self.interruption is Interruption.CANCELLED

    @property
    def interrupted(self) -> bool:
        return self.interruption is not None or self.ended  # what a function left running is to end as well

    def interrupt(self, why: Interruption) -> None:
        """Tell the run to end. The first reason stands, but for a lost claim, which beats any other."""
        if why is Interruption.LOST and self.completing:
            return
        if self.interruption is None or (why is Interruption.LOST and self.interruption is not why):
            self.interruption, self.interrupted_at = why, self.clock.monotonic()
            self._deliver()

    def stop_soon(self) -> None:
        """Tell the run that its worker is shutting down."""
        self.stopping = True
        self._deliver()

    def report(self, progress: Progress) -> None:
        self.unsaid.progress = progress

    def log(self, level: str, message: str) -> None:
        self.unsaid.log.append(LogEntry(level, message, self.clock.now()))

    def checkpoint(self, data: bytes) -> None:
        self.unsaid.checkpoint = data

    def transact(self, apply: Callable[[Any], Any]) -> Future[Transacted]:
        if self._transact is None:
            raise RuntimeError("job.transaction() needs the worker's own process: register the operation without isolation='process'.")
        return self._transact(self, apply)

    def _deliver(self) -> None:
        if self.deliver is not None:
            self.deliver()
