"""`coatcheck _worker`: one worker process, started by a supervisor."""

import asyncio
import os

import click

from coatcheck.cli.log import log_format_option, write_logs
from coatcheck.cli.options import process_name_option, target_argument


@click.command(hidden=True)
@target_argument
@click.option("--incarnation", required=True)
@click.option("--alive", type=int, required=True)
@click.option("--parent", type=int, required=True)
@click.option("--operations")
@process_name_option
@log_format_option
def worker_process(
    *, target: str, incarnation: str, alive: int, parent: int, operations: str | None, process_name: str, log_format: str
) -> int:
    """Run one worker until SIGTERM."""
    from coatcheck.cli.target import load
    from coatcheck.cli.worker import names
    from coatcheck.worker.event_loop import new_event_loop
    from coatcheck.worker.incarnation import worker_id
    from coatcheck.worker.prctl import die_with
    from coatcheck.worker.process import run_until_told, signs_of_life

    die_with(parent)
    write_logs(log_format, process_name)
    application = load(target)

    async def run() -> int:
        async with application.opened():
            return await run_until_told(
                lambda: application.make_worker(
                    worker_id(os.getpid(), incarnation), operations=names(operations), alive=signs_of_life(alive)
                )
            )

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(run())
