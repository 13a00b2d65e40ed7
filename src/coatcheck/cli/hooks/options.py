"""Options that several of the commands share."""

import click

overlap_option = click.option(
    "--overlap",
    type=click.IntRange(0, 7 * 86400),
    default=86400,
    show_default=True,
    metavar="SECONDS",
    help="How long messages are signed with the secret before it, too.",
)
