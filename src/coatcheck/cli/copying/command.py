"""`coatcheck db copy`."""

import click

from coatcheck.cli.databases import database_of
from coatcheck.cli.exit import Exit
from coatcheck.cli.options import json_option
from coatcheck.cli.output import print_json, print_rows
from coatcheck.errors import ConfigurationError
from coatcheck.settings import Settings


@click.command()
@click.argument("source")
@click.argument("target")
@click.option("--blobs", metavar="DIRECTORY", help="Where the application keeps files, if it says so itself. They stay there.")
@click.option("--force", is_flag=True, help="Copy though workers run jobs of SOURCE, or files of it are missing or damaged.")
@json_option
def copy(*, source: str, target: str, blobs: str | None, force: bool, as_json: bool) -> Exit:
    """Copy all jobs from the store SOURCE to the empty store TARGET.

    Both are URLs, such as sqlite:///jobs.db and postgresql://host/database; TARGET is created if it is missing. Jobs in
    every status are copied with their events, arguments, results, files, checkpoints and idempotency keys, and what is left
    of expired ones: everything or nothing. Nobody can write to either store meanwhile, and SOURCE stays as it is; stop its
    service first, lest it accepts jobs that are not copied.

    Jobs that were running are copied with a lease that is over. Workers of TARGET run them again; each counts that as the
    loss of a worker.
    """
    import asyncio

    from coatcheck.cli.copying.copy import copy_store

    here, there = Settings.load(store=source, blobs=blobs), Settings.load(store=target, blobs=blobs)
    _require_present(here, there)
    asyncio.run(_make(there))
    copied = copy_store(here, there, force=force)
    if as_json:
        told = {"files": len(copied.files.keys), "fileBytes": copied.files.size, "damages": copied.files.damages}
        print_json({"rows": copied.rows, "jobs": copied.statuses} | told)
    else:
        print_rows(
            [
                *[(f"jobs {status}", f"{number:,}") for status, number in copied.statuses.items()],
                *[(table.replace("_", " "), f"{number:,}") for table, number in copied.rows.items()],
                ("files", f"{len(copied.files.keys):,} ({copied.files.size:,} bytes)"),
                *[("damage", line) for line in copied.files.damages],
            ]
        )
    return Exit.OK


def _require_present(source: Settings, target: Settings) -> None:
    """Raise ConfigurationError unless `source` is a store with the present schema, and another than `target`."""
    here = database_of(source)
    if str(here) == str(database_of(target)):
        raise ConfigurationError(f"SOURCE and TARGET are the same store, {here}; name two.")
    schema, known = here.schema(), here.known
    if schema is None:
        raise ConfigurationError(f"There is no job store {here} to copy.")
    if schema < known:
        raise ConfigurationError(f"{here} has an older schema; run `coatcheck db upgrade` for its application first.")
    if schema > known:
        raise ConfigurationError(f"{here} has schema {schema}, and this version knows {known}: copy it with a newer Coatcheck.")


async def _make(settings: Settings) -> None:
    """Create the store, or bring it up to date."""
    from coatcheck.clock import SystemClock
    from coatcheck.store.open import open_store
    from coatcheck.telemetry import Telemetry

    store = open_store(settings, SystemClock(), Telemetry())
    await store.open()
    await store.close()
