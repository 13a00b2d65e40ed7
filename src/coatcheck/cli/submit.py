"""`coatcheck submit`: ask for an operation."""

import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

import click

from coatcheck.cli.connection import Connection, connection_options
from coatcheck.cli.exit import Exit
from coatcheck.cli.options import json_option
from coatcheck.cli.output import print_json, say

if TYPE_CHECKING:
    from coatcheck.client import Client

_EXAMPLES = """\b
Examples:
  coatcheck submit /reports '{"year": 2026}'
  coatcheck submit /films '{"title": "Nosferatu"}' --file film=nosferatu.mp4 --wait
  coatcheck submit /imports --body accounts.ndjson
  generate | coatcheck submit /imports --body - --type application/x-ndjson
"""
_Files = dict[str, list[Path]]


def _checked(_context: click.Context, _option: click.Parameter, key: str | None) -> str | None:
    from coatcheck.wire.headers import format_idempotency_key

    try:
        if key is not None:
            format_idempotency_key(key)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return key


def _by_field(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> _Files:
    files: _Files = defaultdict(list)
    for each in given:
        name, equals, path = each.partition("=")
        if not (name and equals and Path(path).is_file()):
            raise click.BadParameter(f"{each!r}: write NAME=PATH, of a file that is there.")
        files[name].append(Path(path))
    return files


@click.command(epilog=_EXAMPLES)
@click.argument("path")
@click.argument("json", required=False)
@click.option("--file", "files", multiple=True, metavar="NAME=PATH", callback=_by_field, help="Send this file in a form; may be repeated.")
@click.option(
    "--body",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Send this file as the body; - is standard input.",
)
@click.option("--type", "content_type", metavar="TYPE", help="Media type of --body. Default: by the file's name, else JSON.")
@click.option(
    "--idempotency-key",
    metavar="KEY",
    callback=_checked,
    help="Submitting again with the same key gives the same job. Default: a random key.",
)
@click.option("--webhook", "webhook_url", metavar="URL", help="Where to send word once the job has ended.")
@click.option("--wait", is_flag=True, help="Watch the job until it has ended, as `coatcheck watch` does.")
@click.option("--no-job", is_flag=True, help="The operation is fire and forget: nothing will be heard of it again.")
@json_option
@connection_options
def submit(  # noqa: PLR0913  an argument for each option
    *,
    connection: Connection,
    path: str,
    json: str | None,
    files: _Files,
    body: str | None,
    content_type: str | None,
    idempotency_key: str | None,
    webhook_url: str | None,
    wait: bool,
    no_job: bool,
    as_json: bool,
) -> Exit:
    """Submit a request for the operation at PATH, with JSON as its body or, beside files, its fields; print the job's id.

    Files are sent as they are read, of any size.
    """
    from coatcheck.cli.follow import follow

    _check(json, files, body, content_type)
    if no_job and (wait or idempotency_key is not None or webhook_url is not None):
        raise click.UsageError("With --no-job there is nothing to wait for, to repeat or to send word of.")
    with _carried(json, files, body, content_type) as carried, connection.open(patient=True) as api:
        if no_job:
            return _send(api, path, carried, as_json=as_json)
        job = api.submit(path, idempotency_key=idempotency_key, webhook_url=webhook_url, **carried)
        say(f"Accepted as {job.url}")
        if not wait:
            print_json(job.representation) if as_json else click.echo(job.id)
            return Exit.OK
        return follow(job, connection, as_json=as_json)


def _send(api: "Client", path: str, carried: dict[str, Any], *, as_json: bool) -> Exit:
    api.send(path, **carried)
    print_json({"accepted": True}) if as_json else say("Accepted, and not to be heard of again.")
    return Exit.OK


def _check(json: str | None, files: _Files, body: str | None, content_type: str | None) -> None:
    if body is not None and (json is not None or files):
        raise click.UsageError("Give the body as JSON, with --file or with --body, not both.")
    if content_type is not None and body is None:
        raise click.UsageError("--type is the media type of --body.")


@contextmanager
def _carried(json: str | None, files: _Files, body: str | None, content_type: str | None) -> Iterator[dict[str, Any]]:
    """What the request carries, as the client takes it."""
    if body is not None:
        with _file(body) as path:
            name = "" if body == "-" else path.name
            yield {"content": path, "content_type": content_type or _media_type(name), "filename": name}
        return
    carried: dict[str, Any] = {} if json is None else {"json": _parsed(json)}
    yield carried | ({"files": files} if files else {})


@contextmanager
def _file(body: str) -> Iterator[Path]:
    """The body's file. Standard input is kept in one for the while, so that it can be sent again when an answer is lost."""
    if body != "-":
        yield Path(body)
        return
    with NamedTemporaryFile(prefix="coatcheck-") as kept:
        shutil.copyfileobj(sys.stdin.buffer, kept)
        kept.flush()
        yield Path(kept.name)


def _media_type(filename: str) -> str:
    from coatcheck.client.media import media_type_of

    known = media_type_of(filename)
    return "application/json" if known == "application/octet-stream" and not Path(filename).suffix else known


def _parsed(json: str) -> Any:
    import msgspec

    try:
        return msgspec.json.decode(sys.stdin.buffer.read() if json == "-" else json)
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"The body is not JSON: {error}.") from None
