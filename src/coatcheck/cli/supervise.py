"""What `serve` and `worker` share: a supervisor process above its children."""

import asyncio
import os
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

    def command(incarnation: str, alive: int) -> Sequence[str]:
        chosen = ["--operations", operations] if operations is not None else []
        return coatcheck_command("_worker", target, "--incarnation", incarnation, "--alive", alive, "--log-format", log_format, *chosen)

    return [Child(f"worker {number}", command) for number in range(1, count + 1)]


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
                settings=wiring.settings,
                clock=wiring.clock,
                telemetry=wiring.telemetry,
            ).run()

    asyncio.run(run())
    return Exit.OK
