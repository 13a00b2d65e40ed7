"""`coatcheck webhooks enable`: send messages there again."""

import click

from coatcheck.cli.connection import Connection, connection_options
from coatcheck.cli.exit import Exit
from coatcheck.cli.options import json_option
from coatcheck.cli.output import print_json


@click.command()
@click.argument("webhook")
@json_option
@connection_options
def enable(*, connection: Connection, webhook: str, as_json: bool) -> Exit:
    """Send messages to WEBHOOK again, which was disabled or answered 410."""
    from coatcheck.cli.hooks.ask import ask, segment
    from coatcheck.cli.hooks.printing import print_webhooks

    with connection.open() as api:
        answer = ask(api, "PATCH", f"/webhooks/{segment(webhook)}", {"disabled": False})
    print_json(answer) if as_json else print_webhooks([answer])
    return Exit.OK
