"""`coatcheck webhooks dead`: what could not be delivered."""

import click

from coatcheck.cli.connection import Connection, connection_options
from coatcheck.cli.exit import Exit
from coatcheck.cli.options import json_option
from coatcheck.cli.output import print_json


@click.command()
@json_option
@connection_options
def dead(*, connection: Connection, as_json: bool) -> Exit:
    """List the messages that were given up, newest first; with --json, as one array with every attempt."""
    from coatcheck.cli.hooks.ask import ask_pages
    from coatcheck.cli.hooks.printing import print_deliveries

    with connection.open() as api:
        found = ask_pages(api, "/deliveries?status=dead")
    print_json(found) if as_json else print_deliveries(found)
    return Exit.OK
