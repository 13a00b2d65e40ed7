"""`coatcheck retry`: begin a failed or cancelled job anew."""

import click

from coatcheck.cli.connection import Connection, connection_options
from coatcheck.cli.exit import Exit
from coatcheck.cli.options import json_option
from coatcheck.cli.output import print_json


@click.command()
@click.argument("job")
@json_option
@connection_options
def retry(*, connection: Connection, job: str, as_json: bool) -> Exit:
    """Begin JOB, which failed or was cancelled, anew with its checkpoint kept, and print its status."""
    with connection.open() as api:
        seen = api.job(job).retry()
    print_json(seen) if as_json else click.echo(seen.status)
    return Exit.OK
