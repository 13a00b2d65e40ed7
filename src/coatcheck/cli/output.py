"""Printing: JSON for programs, aligned lines for people, and messages beside both."""

from collections.abc import Sequence
from typing import Any

import click
import msgspec


def print_json(value: Any) -> None:
    """Print one JSON document on one line of standard output."""
    click.echo(msgspec.json.encode(value))


def print_rows(rows: Sequence[Sequence[object]]) -> None:
    """Print rows in aligned columns on standard output."""
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for row in texts:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def say(message: str) -> None:
    """Print a message on standard error."""
    click.echo(message, err=True)
