"""`coatcheck worker`: supervised worker processes."""

import click

from coatcheck.cli.exit import Exit
from coatcheck.cli.log import log_format_option, write_logs
from coatcheck.cli.options import target_argument, worker_settings


@click.command()
@target_argument
@click.option("--processes", type=click.IntRange(1, 256), default=1, show_default=True, help="Worker processes.")
@worker_settings
@click.option("--operations", metavar="NAME,…", help="Run jobs of these operations only.")
@log_format_option
def worker(*, target: str, processes: int, operations: str | None, log_format: str, **settings: str | float | None) -> Exit:
    """Run the jobs of TARGET in worker processes under a supervisor.

    SIGTERM or Ctrl-C stops claiming, waits for the running jobs (--grace), gives the rest back and ends with 0; a
    second one cuts the grace short.
    """
    from coatcheck.cli.supervise import supervise, worker_children
    from coatcheck.cli.target import load

    write_logs(log_format, "supervisor")
    application = load(target, **settings)
    application.registry.require(names(operations) or ())
    children = worker_children(target, count=processes, operations=operations, log_format=log_format)
    return supervise(application, children, [], lambda: None)


def names(operations: str | None) -> list[str] | None:
    """The names in `--operations a,b`."""
    return None if operations is None else [name.strip() for name in operations.split(",") if name.strip()]
