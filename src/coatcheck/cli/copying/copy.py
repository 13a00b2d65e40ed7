"""Copying a store: everything or nothing, while nobody writes to either."""

import asyncio
from dataclasses import dataclass

from coatcheck.cli.copying.files import Files, copy_files
from coatcheck.cli.copying.open import tables_of
from coatcheck.cli.copying.tables import COLUMNS, Tables
from coatcheck.cli.exit import Ended, Exit
from coatcheck.clock import SystemClock
from coatcheck.errors import StoreUnavailable
from coatcheck.settings import Settings
from coatcheck.store.open import open_blobs

_SHOWN = 5
"""Damages that are told at most."""


@dataclass(frozen=True)
class Copied:
    """What is in the target now."""

    rows: dict[str, int]
    statuses: dict[str, int]
    files: Files


def copy_store(source: Settings, target: Settings, *, force: bool) -> Copied:
    """Copy all jobs with all that belongs to them. Both stores have the present schema.

    Rows are one transaction of the target's; files are copied before, and are orphans for its sweep if anything fails. Raises
    Ended for what must not be copied, and StoreUnavailable.
    """
    with tables_of(target) as new:
        _refuse_used(new)
    with tables_of(source) as old:
        if not force:
            _refuse_running(old)
        files = asyncio.run(_files(old, source, target))
        if not force:
            _refuse_damaged(files)
        with tables_of(target) as new:
            _refuse_used(new)
            for table in COLUMNS:
                new.add(table, files.moved(table, old.rows(table)))
            new.finish()
            return Copied(_compared(old, new), new.statuses(), files)


async def _files(old: Tables, source: Settings, target: Settings) -> Files:
    if source.blobs is not None:  # a directory of both
        return Files()
    here, there = open_blobs(source, SystemClock()), open_blobs(target, SystemClock())
    try:
        return await copy_files(old, here, there)
    finally:
        here.close()
        there.close()


def _compared(old: Tables, new: Tables) -> dict[str, int]:
    """Rows of each table, which are as many here as there."""
    rows = {table: old.count(table) for table in COLUMNS}
    if rows != (found := {table: new.count(table) for table in COLUMNS}) or old.statuses() != new.statuses():
        raise StoreUnavailable(
            f"The copy is not complete ({rows} became {found}); it was undone. Look for triggers on the target's tables."
        )
    return rows


def _refuse_used(new: Tables) -> None:
    if used := [table for table in COLUMNS if new.count(table)]:
        raise Ended(f"The target is in use: it has {', '.join(used)} already. Nothing was copied; name an empty store.", Exit.REFUSED)


def _refuse_running(old: Tables) -> None:
    if held := old.held():
        raise Ended(
            f"Workers run {held} job{'s' if held > 1 else ''} of the source. Stop the service and its workers first, or let --force copy "
            "the jobs as they are: they run again at the target, and what the workers still do lands nowhere there.",
            Exit.REFUSED,
        )


def _refuse_damaged(files: Files) -> None:
    if files.damages:
        said = "; ".join(files.damages[:_SHOWN])
        raise Ended(f"Of the source's files, {len(files.damages)} cannot be copied: {said}. With --force the rest is.", Exit.REFUSED)
