"""`coatcheck result`: what a job returned."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from coatcheck.cli.connection import Connection, connection_options
from coatcheck.cli.exit import Ended, Exit
from coatcheck.cli.options import json_option
from coatcheck.cli.output import print_json, say

if TYPE_CHECKING:
    from coatcheck.client import Job


@click.command()
@click.argument("job")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the result to this file.")
@json_option
@connection_options
def result(*, connection: Connection, job: str, output: Path | None, as_json: bool) -> Exit:
    """Print what JOB returned, or write it to a file. JSON is indented on a terminal."""
    with connection.open() as api:
        found = api.job(job)
        if not found.status.terminal:
            raise Ended(f"The job is {found.status}, so there is no result yet: {connection.again('watch', found.id)}", Exit.REFUSED)
        if output is not None:
            _save(found, output, as_json=as_json)
        else:
            _print(found.result(), as_json=as_json)
    return Exit.OK


def _save(job: "Job", output: Path, *, as_json: bool) -> None:
    try:
        job.download(output)
    except OSError as error:
        raise Ended(f"{output} cannot be written: {error.strerror}.", Exit.USAGE) from error
    size = output.stat().st_size
    print_json({"file": str(output.resolve()), "bytes": size}) if as_json else say(f"Wrote {size:,} bytes to {output}.")


def _print(value: object, *, as_json: bool) -> None:
    import msgspec

    from coatcheck.domain.created import Created

    if isinstance(value, Created):
        value = value.members
    if not isinstance(value, bytes):
        text = msgspec.json.encode(value)
        click.echo(text if as_json or not sys.stdout.isatty() else msgspec.json.format(text, indent=2))
    elif as_json or sys.stdout.isatty():
        raise Ended("The result is a file, not JSON: add -o FILE.", Exit.USAGE)
    else:
        click.echo(value, nl=False)
