"""The files among a run's arguments, as files of this host."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import gettempdir

from coatcheck.blobs.contract import Blobs
from coatcheck.operations.upload import Upload
from coatcheck.worker.run import ActiveRun


@contextmanager
def at_hand(uploads: Sequence[Upload], run: ActiveRun, blobs: Blobs) -> Iterator[None]:
    """While the function runs, its files are on this host: those of a directory where they are, others as copies."""
    try:
        _place(uploads, run, blobs)
        yield
    finally:
        remove_copies(run)


@asynccontextmanager
async def soon_at_hand(uploads: Sequence[Upload], run: ActiveRun, blobs: Blobs) -> AsyncIterator[None]:
    """Likewise, and no other job on the event loop waits for it."""
    try:
        await asyncio.to_thread(_place, uploads, run, blobs)
        yield
    finally:
        await asyncio.to_thread(remove_copies, run)


def remove_copies(run: ActiveRun) -> None:
    """Remove what was copied for the run, if anything was: its process may have been killed before it could."""
    shutil.rmtree(_folder(run), ignore_errors=True)


def _place(uploads: Sequence[Upload], run: ActiveRun, blobs: Blobs) -> None:
    for number, upload in enumerate(uploads):
        upload.place((blobs.path(upload.reference.key) or _copy(upload, number, run, blobs)).absolute())


def _copy(upload: Upload, number: int, run: ActiveRun, blobs: Blobs) -> Path:
    folder = _folder(run)
    folder.mkdir(mode=0o700, exist_ok=number > 0)
    copy = folder / str(number)
    blobs.fetch(upload.reference.key, copy)
    return copy


def _folder(run: ActiveRun) -> Path:
    """Whoever ends the run knows it, and nobody else: a job's id cannot be guessed."""
    return Path(gettempdir()) / f"coatcheck-{run.job_id}-{run.fence}"
