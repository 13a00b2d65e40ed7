"""`coatcheck webhooks list`: where one is told of one's jobs."""

import click

from coatcheck.cli.connection import Connection, connection_options
from coatcheck.cli.exit import Exit
from coatcheck.cli.options import json_option
from coatcheck.cli.output import print_json


@click.command("list")
@json_option
@connection_options
def listing(*, connection: Connection, as_json: bool) -> Exit:
    """List your webhooks, oldest first; with --json, as one array."""
    from coatcheck.cli.hooks.ask import ask_pages
    from coatcheck.cli.hooks.printing import print_webhooks

    with connection.open() as api:
        found = ask_pages(api, "/webhooks")
    print_json(found) if as_json else print_webhooks(found)
    return Exit.OK
