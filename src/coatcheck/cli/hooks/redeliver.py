"""`coatcheck webhooks redeliver`: send again what was given up."""

import click

from coatcheck.cli.connection import Connection, connection_options
from coatcheck.cli.exit import Exit
from coatcheck.cli.options import json_option
from coatcheck.cli.output import print_json


@click.command()
@click.argument("job")
@click.argument("delivery", required=False)
@json_option
@connection_options
def redeliver(*, connection: Connection, job: str, delivery: str | None, as_json: bool) -> Exit:
    """Send the messages about JOB again that were given up, or the one DELIVERY however it stands."""
    from coatcheck.cli.hooks.ask import ask, ask_pages, segment
    from coatcheck.cli.hooks.printing import print_deliveries

    with connection.open() as api:
        its = f"{api.job(job).url}/deliveries"
        wanted = [delivery] if delivery else [dead["deliveryId"] for dead in ask_pages(api, f"{its}?status=dead")]
        owed = [ask(api, "POST", f"{its}/{segment(one)}/redeliver") for one in wanted]
    print_json(owed) if as_json else print_deliveries(owed)
    return Exit.OK
