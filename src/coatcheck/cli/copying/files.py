"""The files of results, from where one store keeps them to where another does."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

from coatcheck.blobs.contract import Blob, Blobs
from coatcheck.cli.copying.tables import COLUMNS, Tables

_BLOB, _DIGEST = (COLUMNS["results"].index(name) for name in ("blob", "digest"))


@dataclass
class Files:
    """What was copied."""

    keys: dict[str, str] = field(default_factory=dict)
    """The new key of each by the old one."""
    size: int = 0
    damages: list[str] = field(default_factory=list)
    """What is wrong with those that were not, or are not what was recorded."""


async def copy_files(tables: Tables, source: Blobs, target: Blobs) -> Files:
    """Write each file that a result refers to into `target`, whole and durable. The key is new, the content the same."""
    files = Files()
    for key, digest in [(row[_BLOB], row[_DIGEST]) for row in tables.rows("results") if row[_BLOB] is not None]:
        if key in files.keys:
            continue
        try:
            blob = await _copy(key, source, target)
        except FileNotFoundError:
            files.damages.append(f"the file {key} is missing")
            continue
        files.keys[key] = blob.key
        files.size += blob.size
        if blob.digest != digest:
            files.damages.append(f"the file {key} is not the one that was recorded: its SHA-256 differs")
    return files


async def _copy(key: str, source: Blobs, target: Blobs) -> Blob:
    chunks = _drawn(source.read(key), asyncio.get_running_loop())
    return await asyncio.to_thread(target.write, chunks)


def _drawn(chunks: AsyncIterator[bytes], loop: asyncio.AbstractEventLoop) -> Iterator[bytes]:
    """The chunks, for a thread; they are read on the event loop."""

    async def following() -> bytes | None:
        return await anext(chunks, None)

    while (chunk := asyncio.run_coroutine_threadsafe(following(), loop).result()) is not None:
        yield chunk
