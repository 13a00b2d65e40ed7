"""`coatcheck jobs`: the list of one's own jobs."""

from datetime import datetime
from itertools import islice

import click

from coatcheck.cli.connection import Connection, connection_options
from coatcheck.cli.exit import Exit
from coatcheck.cli.options import json_option
from coatcheck.cli.output import print_json, print_rows, say
from coatcheck.domain.state import Status


@click.command()
@click.option(
    "--status",
    type=click.Choice([status.value for status in Status]),
    multiple=True,
    help="Only jobs in this status; may be repeated.",
)
@click.option("--operation", metavar="NAME", help="Only jobs of this operation.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many at most.")
@json_option
@connection_options
def jobs(*, connection: Connection, status: tuple[str, ...], operation: str | None, limit: int, as_json: bool) -> Exit:
    """List your jobs, newest first; with --json, as one array."""
    with connection.open() as api:
        found = [job.representation for job in islice(api.jobs(status=",".join(status) or None, operation=operation), limit)]
    if as_json:
        print_json(found)
    elif found:
        header = ("JOB", "OPERATION", "STATUS", "DONE", "CREATED", "MESSAGE")
        print_rows(
            [
                header,
                *(
                    (job.job_id, job.operation, job.status, _percent(job.percent_complete), _moment(job.created_at), job.message)
                    for job in found
                ),
            ]
        )
    else:
        say("There are no such jobs.")
    return Exit.OK


def _percent(percent: int | None) -> str:
    return "" if percent is None else f"{percent}%"


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")
