"""The files of jobs, from where one store keeps them to where another does."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

from coatcheck.blobs.contract import Blob, Blobs
from coatcheck.cli.copying.tables import COLUMNS, Tables
from coatcheck.store.rows import Row

_BLOB, _DIGEST = (COLUMNS["results"].index(name) for name in ("blob", "digest"))


@dataclass
class Files:
    """What was copied."""

    keys: dict[str, str] = field(default_factory=dict)
    """The new key of each by the old one."""
    inputs: dict[int, list[str]] = field(default_factory=dict)
    """The old keys that each job's arguments refer to, by the job's number."""
    size: int = 0
    damages: list[str] = field(default_factory=list)
    """What is wrong with those that were not, or are not what was recorded."""

    def moved(self, table: str, rows: Iterator[Row]) -> Iterator[Row]:
        """The rows of a table, with the keys that their files have now."""
        match table:
            case "results":
                return ((*row[:_BLOB], self.keys.get(row[_BLOB], row[_BLOB]), *row[_BLOB + 1 :]) for row in rows)
            case "inputs":
                return ((job, self.keys.get(blob, blob)) for job, blob in rows)
            case "arguments":
                return ((job, self._renamed(job, body)) for job, body in rows)
            case _:
                return rows

    def _renamed(self, job: int, body: bytes) -> bytes:
        """Arguments that refer to the files by their new keys. A key is random: where it is written, it is meant."""
        for key in self.inputs.get(job, ()):
            body = body.replace(key.encode(), self.keys.get(key, key).encode())
        return body


async def copy_files(tables: Tables, source: Blobs, target: Blobs) -> Files:
    """Write each file that a job refers to into `target`, whole and durable. The key is new, the content the same."""
    files = Files()
    for job, key in tables.rows("inputs"):
        files.inputs.setdefault(job, []).append(key)
    recorded = dict.fromkeys(key for keys in files.inputs.values() for key in keys)
    recorded |= {row[_BLOB]: row[_DIGEST] for row in tables.rows("results") if row[_BLOB] is not None}
    for key, digest in recorded.items():
        try:
            blob = await _copy(key, source, target)
        except FileNotFoundError:
            files.damages.append(f"the file {key} is missing")
            continue
        files.keys[key] = blob.key
        files.size += blob.size
        if digest is not None and blob.digest != digest:
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
