"""What `serve` and `worker` share: a supervisor process above its children."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from coatcheck.cli.exit import Exit

if TYPE_CHECKING:
    from coatcheck.app import Coatcheck
    from coatcheck.worker.child import Child


def coatcheck_command(name: str, *arguments: object) -> list[str]:
    """The program's arguments for one of the hidden commands, which ends when this process does."""
    return [sys.executable, "-m", "coatcheck", name, *map(str, arguments), "--parent", str(os.getpid())]


def worker_children(target: str, *, count: int, operations: str | None, log_format: str) -> "list[Child]":
    """The worker processes to keep running."""
    from coatcheck.worker.child import Child

    chosen = ["--operations", operations] if operations is not None else []

    def child(name: str) -> Child:
        def command(incarnation: str, alive: int) -> Sequence[str]:
            arguments = [target, "--incarnation", incarnation, "--alive", alive, "--name", name, "--log-format", log_format]
            return coatcheck_command("_worker", *arguments, *chosen)

        return Child(name, command)

    return [child(f"worker {number}") for number in range(1, count + 1)]


def api_children(
    application: str, listener: socket.socket, *, count: int, grace: float, access_log: bool, log_format: str
) -> "list[Child]":
    """The processes to keep running that answer HTTP: all accept from the one socket, so that none is refused while one is replaced."""
    from coatcheck.worker.child import Child

    descriptor = listener.fileno()
    chosen = ["--access-log"] if access_log else []

    def child(name: str) -> Child:
        def command(_incarnation: str, alive: int) -> Sequence[str]:
            arguments = [
                application,
                "--socket",
                descriptor,
                "--alive",
                alive,
                "--grace",
                grace,
                "--name",
                name,
                "--log-format",
                log_format,
            ]
            return coatcheck_command("_api", *arguments, *chosen)

        return Child(name, command, descriptors=[descriptor])

    return [child(f"api {number}") for number in range(1, count + 1)]


def supervise(application: "Coatcheck", workers: "Sequence[Child]", others: "Sequence[Child]", tell: Callable[[], None]) -> Exit:
    """Run the children until SIGTERM or SIGINT. `tell` is called once the store is open."""
    from coatcheck.worker.supervisor import Supervisor

    async def run() -> None:
        async with application.opened() as wiring:
            tell()
            await Supervisor(
                workers=workers,
                others=others,
                store=wiring.store,
                deliveries=wiring.deliveries,
                settings=wiring.settings,
                clock=wiring.clock,
                telemetry=wiring.telemetry,
            ).run()

    asyncio.run(run())
    return Exit.OK
