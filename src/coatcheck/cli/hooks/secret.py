"""`coatcheck webhooks secret`: what messages about single jobs are signed with."""

import click

from coatcheck.cli.connection import Connection, connection_options
from coatcheck.cli.exit import Exit
from coatcheck.cli.hooks.options import overlap_option
from coatcheck.cli.options import json_option


@click.command()
@overlap_option
@json_option
@connection_options
def secret(*, connection: Connection, overlap: int, as_json: bool) -> Exit:
    """Make your own secret, or a new one, and print it.

    Messages are signed with it that go to the webhookUrl of a single job.
    """
    from coatcheck.cli.hooks.ask import ask
    from coatcheck.cli.hooks.printing import print_secret

    with connection.open() as api:
        answer = ask(api, "POST", "/webhooks/secret", {"overlap": overlap})
    print_secret(answer, as_json=as_json)
    return Exit.OK
