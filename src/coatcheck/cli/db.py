"""`coatcheck db`: the job store itself."""

from typing import Any

import click

from coatcheck.cli.copying.command import copy
from coatcheck.cli.databases import database_of
from coatcheck.cli.exit import Exit
from coatcheck.cli.options import json_option, store_option, target_argument
from coatcheck.cli.output import print_json, print_rows


@click.group()
def db() -> None:
    """Create, upgrade, check and copy the job store."""


db.add_command(copy)


@db.command()
@target_argument
@store_option
@json_option
def upgrade(*, target: str, store: str | None, as_json: bool) -> Exit:
    """Bring the schema of TARGET's store up to date, creating the store if it is missing.

    Each start does that, too; this is for those who want it done before.
    """
    import asyncio

    from coatcheck.cli.target import load

    application = load(target, store=store)
    database = database_of(application.settings)
    before = database.schema()
    asyncio.run(_open_and_close(application))
    after = database.schema()
    if as_json:
        print_json({**database.place, "from": before, "to": after})
    elif before == after:
        click.echo(f"{database} has schema {after} already.")
    else:
        click.echo(f"{database} {'created with' if before is None else f'upgraded from schema {before} to'} schema {after}.")
    return Exit.OK


@db.command()
@target_argument
@store_option
@json_option
def check(*, target: str, store: str | None, as_json: bool) -> Exit:
    """Look through TARGET's store: path, sizes, schema, damages, jobs. Changes nothing."""
    from coatcheck.cli.target import load

    found = database_of(load(target, store=store).settings).examine()
    if as_json:
        print_json(found)
    else:
        print_rows(_rows(found))
    return Exit.UNREACHABLE if found["damages"] else Exit.OK


@db.command()
@target_argument
@store_option
def sql(*, target: str, store: str | None) -> Exit:
    """Print the SQL that brings TARGET's store up to date, for those who let nobody else change a schema.

    It prints nothing where all is up to date. Run it in one transaction.
    """
    from coatcheck.cli.target import load

    click.echo(database_of(load(target, store=store).settings).script(), nl=False)
    return Exit.OK


async def _open_and_close(application: Any) -> None:
    async with application.opened():
        pass


def _rows(found: dict[str, Any]) -> list[tuple[str, object]]:
    schema, known = found["schema"], found["knownSchema"]
    state = "up to date" if schema == known else f"this version knows {known}; `coatcheck db upgrade` brings older ones up to date"
    return [
        *_place(found),
        ("schema", f"{schema} ({state})"),
        *[("damage", line) for line in found["damages"]],
        *_integrity(found),
        *[(f"jobs {status}", number) for status, number in found["jobs"].items()],
        *[(name, f"{depth['queued']} queued, {depth['running']} running") for name, depth in found["operations"].items()],
    ]


def _place(found: dict[str, Any]) -> list[tuple[str, object]]:
    if "file" not in found:
        return [("store", found["store"]), ("size", f"{found['bytes']:,} bytes"), ("postgresql", found["postgresql"])]
    return [
        ("file", found["file"]),
        ("size", f"{found['bytes']:,} bytes, write-ahead log {found['walBytes']:,} bytes"),
        *([("log", "a reader that began long ago keeps it from being copied back; it shrinks once that ends")] if found["logKept"] else []),
        ("sqlite", found["sqlite"]),
    ]


def _integrity(found: dict[str, Any]) -> list[tuple[str, object]]:
    """PostgreSQL's own is not ours to look into."""
    return [("integrity", "damaged; restore a backup" if found["damages"] else "ok")] if "file" in found else []
