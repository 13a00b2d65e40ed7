"""Arguments and options that several commands share."""

from collections.abc import Callable
from typing import Any

import click

target_argument = click.argument("target")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, on standard output.")
process_name_option = click.option("--name", "process_name", required=True, help="What the process is called in its log lines.")
store_option = click.option("--store", metavar="URL", help="The job store, for example sqlite:///jobs.db or postgresql://host/database.")
_concurrency = click.option("--concurrency", type=click.IntRange(min=1), help="Jobs that one worker process runs at a time.  [default: 8]")
_grace = click.option(
    "--grace",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="How long running jobs may go on once told to stop.  [default: 30]",
)


def worker_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that set what `coatcheck.settings.Settings` has of the same name."""
    return _concurrency(store_option(_grace(command)))
