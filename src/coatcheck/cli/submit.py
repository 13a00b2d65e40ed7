"""`coatcheck submit`: ask for an operation."""

import sys
from typing import IO, Any

import click

from coatcheck.cli.connection import Connection, connection_options
from coatcheck.cli.exit import Exit
from coatcheck.cli.options import json_option
from coatcheck.cli.output import print_json, say

_EXAMPLES = """\b
Examples:
  coatcheck submit /reports '{"year": 2026}'
  coatcheck submit /imports --file rows.json --wait
  generate | coatcheck submit /imports -
"""


def _checked(_context: click.Context, _option: click.Parameter, key: str | None) -> str | None:
    from coatcheck.wire.headers import format_idempotency_key

    try:
        if key is not None:
            format_idempotency_key(key)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return key


@click.command(epilog=_EXAMPLES)
@click.argument("path")
@click.argument("body", required=False)
@click.option("--file", "file", type=click.File("rb"), help="Read the body from this file; - is standard input.")
@click.option(
    "--idempotency-key",
    metavar="KEY",
    callback=_checked,
    help="Submitting again with the same key gives the same job. Default: a random key.",
)
@click.option("--wait", is_flag=True, help="Watch the job until it has ended, as `coatcheck watch` does.")
@json_option
@connection_options
def submit(
    *, connection: Connection, path: str, body: str | None, file: IO[bytes] | None, idempotency_key: str | None, wait: bool, as_json: bool
) -> Exit:
    """Submit a request for the operation at PATH, with BODY as its JSON (- is standard input), and print the job's id."""
    from coatcheck.cli.follow import follow

    json = _read(body, file)
    with connection.open(patient=True) as api:
        job = api.submit(path, idempotency_key=idempotency_key, **json)
        say(f"Accepted as {job.url}")
        if not wait:
            print_json(job.representation) if as_json else click.echo(job.id)
            return Exit.OK
        return follow(job, connection, as_json=as_json)


def _read(body: str | None, file: IO[bytes] | None) -> dict[str, Any]:
    """The body as the argument `json`; nothing where there is none."""
    import msgspec

    if body is not None and file is not None:
        raise click.UsageError("Give the body as BODY or with --file, not both.")
    source = sys.stdin.buffer if body == "-" else file
    text = body if source is None else source.read()
    if text is None:
        return {}
    try:
        return {"json": msgspec.json.decode(text)}
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"The body is not JSON: {error}.") from None
