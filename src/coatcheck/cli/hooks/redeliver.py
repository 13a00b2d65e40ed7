"""`coatcheck webhooks redeliver`: send again what was given up."""

import click

from coatcheck.cli.connection import Connection, connection_options
from coatcheck.cli.exit import Exit
from coatcheck.cli.options import json_option
from coatcheck.cli.output import print_json, say


@click.command()
@click.argument("job")
@click.argument("delivery", required=False)
@json_option
@connection_options
def redeliver(*, connection: Connection, job: str, delivery: str | None, as_json: bool) -> Exit:
    """Send the messages about JOB again that were given up, or the one DELIVERY however it stands.

    What was given up with its webhook, and cannot be sent, is named, and ends this with 5 once the others are on their way.
    """
    from coatcheck.cli.hooks.ask import ask, ask_pages, segment
    from coatcheck.cli.hooks.printing import print_deliveries
    from coatcheck.client import ApiError

    with connection.open() as api:
        its = f"{api.job(job).url}/deliveries"
        wanted = [delivery] if delivery else [dead["deliveryId"] for dead in ask_pages(api, f"{its}?status=dead")]
        owed = []
        for one in wanted:
            try:
                owed.append(ask(api, "POST", f"{its}/{segment(one)}/redeliver"))
            except ApiError as error:
                if delivery or error.problem.kind != "webhook-disabled":
                    raise
                say(f"{one} is not sent again: {error.problem.detail}")
    print_json(owed) if as_json else print_deliveries(owed)
    return Exit.OK if len(owed) == len(wanted) else Exit.REFUSED
