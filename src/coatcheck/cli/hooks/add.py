"""`coatcheck webhooks add`: be told of one's jobs."""

from typing import Any

import click

from coatcheck.cli.connection import Connection, connection_options
from coatcheck.cli.exit import Exit
from coatcheck.cli.options import json_option
from coatcheck.cli.output import say
from coatcheck.domain.endpoint import SELECTABLE


@click.command()
@click.argument("webhook_url", metavar="WEBHOOK_URL")
@click.option(
    "--event",
    "events",
    type=click.Choice(sorted(occasion.value for occasion in SELECTABLE)),
    multiple=True,
    help="What to tell of; may be repeated.  [default: ends]",
)
@json_option
@connection_options
def add(*, connection: Connection, webhook_url: str, events: tuple[str, ...], as_json: bool) -> Exit:
    """Register WEBHOOK_URL to be told of your jobs, and print the secret that the messages are signed with."""
    from coatcheck.cli.hooks.ask import ask
    from coatcheck.cli.hooks.printing import print_secret

    wanted: dict[str, Any] = {"url": webhook_url, **({"events": events} if events else {})}
    with connection.open() as api:
        answer = ask(api, "POST", "/webhooks", wanted)
    say(f"Registered as {answer['webhookId']}.")
    print_secret(answer, as_json=as_json)
    return Exit.OK
