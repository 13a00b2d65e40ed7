"""`coatcheck cancel`: the result is not wanted any more."""

import click

from coatcheck.cli.connection import Connection, connection_options
from coatcheck.cli.exit import Exit
from coatcheck.cli.options import json_option
from coatcheck.cli.output import print_json


@click.command()
@click.argument("job")
@json_option
@connection_options
def cancel(*, connection: Connection, job: str, as_json: bool) -> Exit:
    """Cancel JOB, and print its status: cancelled, or cancelling while its run has yet to stop."""
    with connection.open() as api:
        seen = api.job(job).cancel()
    print_json(seen) if as_json else click.echo(seen.status)
    return Exit.OK
