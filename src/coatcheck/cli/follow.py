"""A job shown while it goes on: a live bar on a terminal, a line for each change elsewhere, JSON lines for programs.

What its runs write about themselves is shown in between.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from coatcheck.cli.connection import Connection, failure
from coatcheck.cli.exit import Exit, of_job
from coatcheck.cli.output import print_json, say

if TYPE_CHECKING:
    from coatcheck.client import Job, LogLine
    from coatcheck.wire.representation import Representation

    Update = Representation | LogLine

_ORDINARY = (None, "info", "output")
"""Levels of log lines that go without saying."""


def follow(job: "Job", connection: Connection, *, as_json: bool) -> Exit:
    """Show a job until it has ended; its exit status. Ctrl-C leaves the job alone and says how to come back to it."""
    try:
        _show(job.events(), as_json=as_json)
    except KeyboardInterrupt:
        say(f"The job goes on. To watch it again: {connection.again('watch', job.id)}")
        return Exit.INTERRUPTED
    if job.error is not None:
        say(failure(job.error))
    return of_job(job.status)


def _show(updates: Iterable["Update"], *, as_json: bool) -> None:
    if as_json:
        for update in updates:
            print_json(update)
    elif sys.stdout.isatty():
        with _bar() as show:
            for update in updates:
                show(update)
    else:
        _print_changes(updates)


def _print_changes(updates: Iterable["Update"]) -> None:
    before = ""
    for update in updates:
        line = _line(update)
        if line != before:
            click.echo(line)
        before = line


def _line(update: "Update") -> str:
    from coatcheck.client import LogLine

    if isinstance(update, LogLine):
        return f"  {_logged(update)}"
    said = " ".join(filter(None, [_percent(update), _detail(update)]))
    again = f"attempt {update.attempt}" if update.attempt > 1 and not (said or update.status.terminal) else ""
    return " ".join(filter(None, [update.status, said, again]))


def _logged(line: "LogLine") -> str:
    return line.message if line.level in _ORDINARY else f"{line.level}: {line.message}"


def _percent(update: "Representation") -> str:
    return "" if update.percent_complete is None else f"{update.percent_complete}%"


def _detail(update: "Representation") -> str:
    """What the run said of itself, or where it stands in the queue."""
    if update.message:
        return update.message
    detail = update.progress_detail
    if detail is not None and detail.current is not None:
        total = "" if detail.total is None else f"/{detail.total:,g}"
        return f"{detail.current:,g}{total} {detail.unit or ''}".rstrip()
    return f"{update.queue_position} ahead" if update.queue_position else ""


@contextmanager
def _bar() -> Iterator[Callable[["Update"], None]]:
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from coatcheck.client import LogLine

    columns = [TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[percent]:>4}"), TimeElapsedColumn()]
    with Progress(*columns, TextColumn("{task.fields[detail]}")) as progress:
        task = progress.add_task("", total=None, percent="", detail="")

        def show(update: "Update") -> None:
            if isinstance(update, LogLine):
                progress.console.print(escape(_logged(update)), highlight=False)
                return
            known = update.percent_complete is not None or update.status.terminal
            progress.update(
                task,
                description=f"{escape(update.operation)} [bold]{update.status}[/]",
                total=100 if known else None,
                completed=update.percent_complete or 0,
                percent=_percent(update),
                detail=escape(_detail(update)),
            )

        yield show
