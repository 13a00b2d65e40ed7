"""`coatcheck webhooks rotate`: a new secret for a webhook."""

import click

from coatcheck.cli.connection import Connection, connection_options
from coatcheck.cli.exit import Exit
from coatcheck.cli.hooks.options import overlap_option
from coatcheck.cli.options import json_option


@click.command()
@click.argument("webhook")
@overlap_option
@json_option
@connection_options
def rotate(*, connection: Connection, webhook: str, overlap: int, as_json: bool) -> Exit:
    """Give WEBHOOK a new secret, and print it."""
    from coatcheck.cli.hooks.ask import ask, segment
    from coatcheck.cli.hooks.printing import print_secret

    with connection.open() as api:
        answer = ask(api, "POST", f"/webhooks/{segment(webhook)}/rotate", {"overlap": overlap})
    print_secret(answer, as_json=as_json)
    return Exit.OK
