"""Fire-and-forget requests (`durable=False`) of an application under test."""

import asyncio
from typing import Any

from coatcheck.operations.operation import Operation
from coatcheck.testing.bench import Bench
from coatcheck.testing.inside import inside_function
from coatcheck.worker.losable import Losable
from coatcheck.worker.losable_run import LosableRun
from coatcheck.worker.workshop import Workshop


class ManualLosable(Losable):
    """Requests wait until `Kit.drain`. Resources are opened for the first of them."""

    def __init__(self, bench: Bench, *parts: Any) -> None:
        super().__init__(*parts)
        self._bench, self._starting = bench, asyncio.Lock()
        self._own_workshop: Workshop | None = None
        self._let = False

    async def start(self, workshop: Workshop) -> None:
        self._own_workshop = workshop

    async def stop(self) -> None:
        self._own_workshop = None
        await super().stop()

    async def accept(self, operation: Operation[..., Any], arguments: bytes, owner: str) -> None:
        await self._bench.thread.run(self._started())
        await super().accept(operation, arguments, owner)

    async def drain(self) -> bool:
        """On the bench's loop: run what waits, to its end. False where there was nothing."""
        crew = self._crew
        if crew is None or not self._bench.sent:
            return False
        self._let = True
        crew.look()
        await self._bench.all_done()
        self._let = False
        return True

    async def _started(self) -> None:
        async with self._starting:
            if self._own_workshop is not None:
                await super().start(self._own_workshop)

    def _next(self) -> LosableRun | None:
        return super()._next() if self._let else None


class InlineLosable(ManualLosable):
    """A request has been run to its end when it is accepted; what a function sends, when that function's job is."""

    async def accept(self, operation: Operation[..., Any], arguments: bytes, owner: str) -> None:
        await super().accept(operation, arguments, owner)
        if not inside_function():
            await self._bench.thread.run(self.drain())

    def _next(self) -> LosableRun | None:
        return Losable._next(self)
