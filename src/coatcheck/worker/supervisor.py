"""The process above the workers: starts them, keeps their leases, replaces those that die or hang, and leaves nothing of them."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress

from coatcheck.clock import Clock
from coatcheck.errors import StoreUnavailable
from coatcheck.service import Service
from coatcheck.settings import Settings
from coatcheck.store.contract import Store
from coatcheck.store.deliveries import Deliveries
from coatcheck.telemetry import Telemetry
from coatcheck.worker.child import Child
from coatcheck.worker.family import Family
from coatcheck.worker.heartbeat import BEATS_A_LEASE
from coatcheck.worker.process import REPLACE_ME
from coatcheck.worker.rescue import Rescue
from coatcheck.worker.restarts import Restarts

LAST_MARGIN = 2.0
"""Seconds after the grace until a child that has not ended is killed."""


class Keeper(Service):
    """Keeps the leases of what the workers hold, on a connection that no function of a user shares.

    So a function that holds the interpreter for a minute never looks dead. A frozen worker does, and one that gives no
    sign of life for `stall_limit` seconds is killed.
    """

    def __init__(
        self, *, workers: Sequence[Child], family: Family, store: Store, settings: Settings, clock: Clock, telemetry: Telemetry
    ) -> None:
        super().__init__(interval=min(settings.lease, settings.stall_limit) / BEATS_A_LEASE, telemetry=telemetry)
        self._workers, self._family, self._store, self._clock = workers, family, store, clock
        self._stall_limit = settings.stall_limit

    async def turn(self) -> None:
        now = self._clock.monotonic()
        self._family.reap()
        for child in self._workers:
            if child.process is None:
                continue
            child.hear(now)
            if now - child.alive_at > self._stall_limit:
                self._telemetry.emit("worker.lost", worker=child.worker_id, reason=f"no sign of life for {self._stall_limit:g} s; killed")
                child.signal(signal.SIGKILL)
            elif not child.frozen:
                await self._store.keep(child.worker_id)


class Supervisor:
    """Runs workers, and other children beside them, until it is told to stop.

    For a process that does nothing else: it ends all orphans that come to it (`Family`).
    """

    def __init__(
        self,
        *,
        workers: Sequence[Child],
        others: Sequence[Child] = (),
        store: Store,
        deliveries: Deliveries,
        settings: Settings,
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        self._workers, self._others = workers, others
        self._settings, self._clock, self._telemetry = settings, clock, telemetry
        self._rescue = Rescue(store=store, deliveries=deliveries, telemetry=telemetry)
        self._family = Family([*workers, *others])
        self._keeper = Keeper(workers=workers, family=self._family, store=store, settings=settings, clock=clock, telemetry=telemetry)
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT, or a SIGHUP that is not ignored (as nohup(1) has it). A second one cuts the grace short."""
        loop = asyncio.get_running_loop()
        hang_up = () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)
        for number in (signal.SIGTERM, signal.SIGINT, *hang_up):
            loop.add_signal_handler(number, self._stop)
        self._family.adopt()
        await self._rescue.start()
        await self._keeper.start()
        children = [asyncio.create_task(self._keep_running(child)) for child in (*self._workers, *self._others)]
        await self._stopping.wait()
        _, late = await asyncio.wait(children, timeout=self._settings.grace + LAST_MARGIN)
        if late:
            self._signal_all(signal.SIGKILL)
            await asyncio.wait(late)
        await self._keeper.stop()
        await self._rescue.stop()

    def _stop(self) -> None:
        # another signal the second time: two of a kind become one if the child is slow to look
        self._signal_all(signal.SIGINT if self._stopping.is_set() else signal.SIGTERM)
        self._stopping.set()

    def _signal_all(self, number: signal.Signals) -> None:
        for child in (*self._workers, *self._others):
            child.signal(number)

    async def _keep_running(self, child: Child) -> None:
        restarts = Restarts()
        while not self._stopping.is_set():
            await self._family.start(child, self._clock.monotonic())
            if self._stopping.is_set():  # told while the child was being born
                child.signal(signal.SIGTERM)
            status = await child.ended()
            await self._clear_up(child, status)
            pause = restarts.pause(self._clock.monotonic(), status=status, ready=child.ready)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()

    async def _clear_up(self, child: Child, status: int) -> None:
        """End what a child left running, and take back at once what it held."""
        if status not in (0, REPLACE_ME):
            reason = signal.Signals(-status).name if status < 0 else f"exit status {status}"
            self._telemetry.emit("worker.lost", worker=child.worker_id, name=child.name, reason=reason)
        await self._family.end_orphans()
        if child in self._workers:
            with suppress(StoreUnavailable):  # then the leases run out
                await self._rescue.take_back(child.worker_id)
