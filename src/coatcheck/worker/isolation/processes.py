"""Runs in processes: a fork server, and one process forked for each run."""

import asyncio
from collections.abc import Callable, Collection

from coatcheck.domain.outcome import Crashed
from coatcheck.operations.operation import Operation
from coatcheck.telemetry import Telemetry
from coatcheck.worker.ended import Ended
from coatcheck.worker.isolation.connection import ForkServerConnection
from coatcheck.worker.isolation.home import Home
from coatcheck.worker.isolation.process import JobProcess
from coatcheck.worker.run import ActiveRun

AnyOperation = Operation[..., object]
FindHome = Callable[[Collection[AnyOperation]], Home]


class Processes:
    """Runs attempts in processes of their own; `ended` is called with how each ended. On the worker's own event loop.

    `operations` are those that it may be given; with none there is no fork server. `home` says where they are imported
    from. Processes of a worker that was frozen for `trust` seconds are ended.
    """

    def __init__(
        self,
        *,
        operations: Collection[AnyOperation],
        home: FindHome,
        trust: float,
        ended: Callable[[Ended], None],
        telemetry: Telemetry,
    ) -> None:
        self._operations, self._home, self._trust, self._ended, self._telemetry = operations, home, trust, ended, telemetry
        self._server: ForkServerConnection | None = None
        self._starting = asyncio.Lock()
        self._stopping = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Start the fork server, if one will be needed. Raises ConfigurationError when the application cannot be imported there."""
        if self._operations:
            await self._connected()

    async def stop(self) -> None:
        """End the fork server, and every process that is left."""
        self._stopping = True
        async with self._starting:
            if self._server is not None:
                await self._server.stop()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def begin(self, operation: AnyOperation, run: ActiveRun) -> None:
        """Start the function of `run` in a process of its own."""
        task = asyncio.create_task(self._attend(operation, run))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attend(self, operation: AnyOperation, run: ActiveRun) -> None:
        try:
            ended = await (await self._started(run)).ended(operation.limits)
        except Exception as error:  # noqa: BLE001  no process came about
            ended = Ended(run, Crashed(f"No process could be started for it: {type(error).__name__}: {error}."), error)
        if isinstance(ended.ending, Crashed):
            self._telemetry.emit("job.crashed", job=run.claim.job, reason=ended.ending.reason, error=ended.error)
            ended = Ended(run, ended.ending)  # the trace has been told
        self._ended(ended)

    async def _started(self, run: ActiveRun) -> JobProcess:
        process = JobProcess(run)
        try:
            await process.start(await self._connected())
        except ConnectionError:  # the server has ended, and nobody had noticed
            await process.start(await self._connected())
        return process

    async def _connected(self) -> ForkServerConnection:
        async with self._starting:
            if self._stopping:
                raise ConnectionAbortedError("the worker is shutting down")
            if self._server is None or self._server.lost:
                server = ForkServerConnection(self._home(self._operations), trust=self._trust)
                await server.start()
                self._server = server
            return self._server
