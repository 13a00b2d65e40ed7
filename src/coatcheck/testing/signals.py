"""Waiting in tests for what happens, instead of for time to pass."""

import asyncio
from collections.abc import Mapping
from typing import Any

from coatcheck.bell import Bell
from coatcheck.domain.job import JobRecord
from coatcheck.telemetry import Telemetry

PATIENCE = 30.0
"""Seconds after which a wait is given up: far more than anything takes, so that only a hang gets there."""


class Signals:
    """The telemetry events of an application, kept to be waited for.

        signals = Signals(jobs.telemetry)
        ...
        await signals.told("job.completed", job=handle.id)

    Events told before the wait count as well; they may come from any thread.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        self._told: list[tuple[str, Mapping[str, Any]]] = []
        self._bells: frozenset[Bell] = frozenset()
        telemetry.subscribe(self._take)

    def all(self, event: str, *, job: str | None = None) -> list[Mapping[str, Any]]:
        """The facts of each such event so far; only of the job with the id `job`, if one is given."""
        return [facts for name, facts in list(self._told) if name == event and (job is None or _job_id(facts) == job)]

    async def told(self, event: str, *, job: str | None = None, count: int = 1) -> Mapping[str, Any]:
        """The facts of the `count`-th such event, once it was told. Raises TimeoutError, saying what was told instead."""
        bell = Bell()
        self._bells |= {bell}
        try:
            async with asyncio.timeout(PATIENCE):
                while len(found := self.all(event, job=job)) < count:
                    await bell.rung(PATIENCE)
        except TimeoutError:
            raise TimeoutError(f"{event} was not told {count} times; told were {[name for name, _ in self._told]}.") from None
        finally:
            self._bells -= {bell}
        return found[count - 1]

    def _take(self, event: str, facts: Mapping[str, Any]) -> None:
        self._told.append((event, facts))
        for bell in self._bells:
            bell.ring()


class Flag:
    """Raised in any thread, seen on the event loop it was made on: how a function under test says where it is."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def raise_(self) -> None:
        """Raise the flag; it stays up."""
        self._loop.call_soon_threadsafe(self._event.set)

    async def raised(self) -> None:
        """Wait until it is up. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            await self._event.wait()


def _job_id(facts: Mapping[str, Any]) -> str | None:
    job = facts.get("job")
    return job.id if isinstance(job, JobRecord) else None
