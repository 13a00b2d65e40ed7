"""`coatcheck db`: the job store itself."""

from typing import Any

import click

from coatcheck.cli.exit import Exit
from coatcheck.cli.options import json_option, store_option, target_argument
from coatcheck.cli.output import print_json, print_rows


@click.group()
def db() -> None:
    """Create, upgrade and check the job store."""


@db.command()
@target_argument
@store_option
@json_option
def upgrade(*, target: str, store: str | None, as_json: bool) -> Exit:
    """Bring the schema of TARGET's store up to date, creating the store if it is missing.

    Each start does that, too; this is for those who want it done before.
    """
    import asyncio

    from coatcheck.cli.database import schema_of
    from coatcheck.cli.target import load
    from coatcheck.store.sqlite.location import sqlite_file

    application = load(target, store=store)
    file = sqlite_file(application.settings.store)
    before = schema_of(file)
    asyncio.run(_open_and_close(application))
    after = schema_of(file)
    if as_json:
        print_json({"file": str(file.resolve()), "from": before, "to": after})
    elif before == after:
        click.echo(f"{file} has schema {after} already.")
    else:
        click.echo(f"{file} {'created with' if before is None else f'upgraded from schema {before} to'} schema {after}.")
    return Exit.OK


@db.command()
@target_argument
@store_option
@json_option
def check(*, target: str, store: str | None, as_json: bool) -> Exit:
    """Look through TARGET's store: path, sizes, schema, damages, jobs. Changes nothing."""
    from coatcheck.cli.database import examine
    from coatcheck.cli.target import load
    from coatcheck.store.sqlite.location import sqlite_file

    found = examine(sqlite_file(load(target, store=store).settings.store))
    if as_json:
        print_json(found)
    else:
        print_rows(_rows(found))
    return Exit.UNREACHABLE if found["damages"] else Exit.OK


async def _open_and_close(application: Any) -> None:
    async with application.opened():
        pass


def _rows(found: dict[str, Any]) -> list[tuple[str, object]]:
    schema, known = found["schema"], found["knownSchema"]
    state = "up to date" if schema == known else f"this version knows {known}; `coatcheck db upgrade` brings older ones up to date"
    return [
        ("file", found["file"]),
        ("size", f"{found['bytes']:,} bytes, write-ahead log {found['walBytes']:,} bytes"),
        *([("log", "a reader that began long ago keeps it from being copied back; it shrinks once that ends")] if found["logKept"] else []),
        ("schema", f"{schema} ({state})"),
        ("sqlite", found["sqlite"]),
        *[("damage", line) for line in found["damages"]],
        ("integrity", "damaged; restore a backup" if found["damages"] else "ok"),
        *[(f"jobs {status}", number) for status, number in found["jobs"].items()],
        *[(name, f"{depth['queued']} queued, {depth['running']} running") for name, depth in found["operations"].items()],
    ]
