"""`coatcheck webhooks remove`: be told no more."""

import click

from coatcheck.cli.connection import Connection, connection_options
from coatcheck.cli.exit import Exit
from coatcheck.cli.output import say


@click.command()
@click.argument("webhook")
@connection_options
def remove(*, connection: Connection, webhook: str) -> Exit:
    """Remove WEBHOOK; what is still owed to it is not sent."""
    from coatcheck.cli.hooks.ask import ask, segment

    with connection.open() as api:
        ask(api, "DELETE", f"/webhooks/{segment(webhook)}")
    say(f"Removed {webhook}.")
    return Exit.OK
