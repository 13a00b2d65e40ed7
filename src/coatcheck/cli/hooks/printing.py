"""Showing webhooks and deliveries to people."""

from collections.abc import Sequence
from typing import Any

import click

from coatcheck.cli.output import print_json, print_rows, say


def print_webhooks(webhooks: Sequence[dict[str, Any]]) -> None:
    """Print a line for each."""
    if not webhooks:
        say("There are no webhooks.")
        return
    rows = [(one["webhookId"], one["disabledReason"] or "enabled", ",".join(one["events"]), one["url"]) for one in webhooks]
    print_rows([("WEBHOOK", "STATE", "EVENTS", "URL"), *rows])


def print_secret(answer: dict[str, Any], *, as_json: bool) -> None:
    """Print a secret that was just made, alone on standard output."""
    if as_json:
        print_json(answer)
        return
    say("Keep this secret where the messages are received; it is not shown again:")
    click.echo(answer["secret"])


def print_deliveries(deliveries: Sequence[dict[str, Any]]) -> None:
    """Print a line for each."""
    if not deliveries:
        say("There are no such deliveries.")
        return
    rows = [(one["deliveryId"], one["type"], one["jobId"], len(one["attempts"]), _last(one), one["url"]) for one in deliveries]
    print_rows([("DELIVERY", "TYPE", "JOB", "ATTEMPTS", "LAST", "URL"), *rows])


def _last(delivery: dict[str, Any]) -> str:
    """What came of the last attempt."""
    if not delivery["attempts"]:
        return ""
    attempt = delivery["attempts"][-1]
    return str(attempt["status"] or attempt["error"])
