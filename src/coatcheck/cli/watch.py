"""`coatcheck watch`: see a job through."""

import click

from coatcheck.cli.connection import Connection, connection_options
from coatcheck.cli.exit import Exit
from coatcheck.cli.options import json_option


@click.command()
@click.argument("job")
@click.option(
    "--interval", type=click.FloatRange(min=0.05), metavar="SECONDS", help="Look that often, instead of being told by the server."
)
@json_option
@connection_options
def watch(*, connection: Connection, job: str, interval: float | None, as_json: bool) -> Exit:
    """Show JOB's progress, and what its runs log, until it has ended; the exit status says how.

    On a terminal with a bar, elsewhere with a line for each change; with --json, one document for each change or
    log line. It is live where the server streams events, and looks again and again where not.
    """
    from coatcheck.cli.follow import follow

    with connection.open(patient=True, interval=interval) as api:
        return follow(api.job(job), connection, as_json=as_json)
