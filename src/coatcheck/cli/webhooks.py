"""`coatcheck webhooks`: be told of one's jobs, and see what was sent."""

import click

from coatcheck.cli.hooks.add import add
from coatcheck.cli.hooks.dead import dead
from coatcheck.cli.hooks.enable import enable
from coatcheck.cli.hooks.listen import listen
from coatcheck.cli.hooks.listing import listing
from coatcheck.cli.hooks.redeliver import redeliver
from coatcheck.cli.hooks.remove import remove
from coatcheck.cli.hooks.rotate import rotate
from coatcheck.cli.hooks.secret import secret
from coatcheck.cli.hooks.trial import trial


@click.group()
def webhooks() -> None:
    """Register webhooks, try them, receive them here, and send again what was given up."""


for _command in (listen, add, listing, rotate, enable, remove, secret, trial, dead, redeliver):
    webhooks.add_command(_command)
