"""`coatcheck webhooks test`: see whether messages arrive."""

import click

from coatcheck.cli.connection import Connection, connection_options
from coatcheck.cli.exit import Exit
from coatcheck.cli.options import json_option
from coatcheck.cli.output import print_json


@click.command("test")
@click.argument("webhook")
@json_option
@connection_options
def trial(*, connection: Connection, webhook: str, as_json: bool) -> Exit:
    """Have a test message sent to WEBHOOK, and print the id that it comes with."""
    from coatcheck.cli.hooks.ask import ask, segment

    with connection.open() as api:
        answer = ask(api, "POST", f"/webhooks/{segment(webhook)}/test")
    print_json(answer) if as_json else click.echo(answer["deliveryId"])
    return Exit.OK
