"""Milliseconds until one event has reached all who watch a job over one API process."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx2

from benchmarks.databases import Databases
from benchmarks.process import serving
from benchmarks.reading import Reading

_WARM_UP = 3
"""Events before those that are timed."""
_AT_ONCE = 100


def measure(databases: Databases, *, watchers: tuple[int, ...], events: int = 20) -> Iterator[Reading]:
    """The control (Starlette's own StreamingResponse over an asyncio.Condition), and ours, with so many watchers each."""
    for count in watchers:
        for case in ("control", "ours"):
            with serving(f"telling_{case}", databases.new(f"streams-{case}-{count}")) as port:
                latencies = sorted(asyncio.run(_latencies(port, count, events)))
            figures = {"p50 ms": 1000 * latencies[len(latencies) // 2], "p99 ms": 1000 * latencies[int(0.99 * len(latencies))]}
            yield Reading(databases.kind, "streams", f"{case}, {count} watchers", figures)


async def _latencies(port: int, watchers: int, events: int) -> list[float]:
    """Seconds from the call that has an event told to its arrival at the last watcher; one event after the other."""
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
        path = (await http.post("/begin")).json()["events"]
        async with _watching(port, path, watchers) as lines:
            took = []
            for number in range(events + _WARM_UP):
                began = time.perf_counter()
                await http.post("/tell", params={"number": number})
                mark = f'"said {number}"'.encode()
                await asyncio.gather(*(line.readuntil(mark) for line in lines))
                took.append(time.perf_counter() - began)
            return took[_WARM_UP:]


@asynccontextmanager
async def _watching(port: int, path: str, watchers: int) -> AsyncIterator[list[asyncio.StreamReader]]:
    lines: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def watch() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n".encode())
        await reader.readuntil(b"data: ")
        return reader, writer

    try:
        while len(lines) < watchers:
            lines += await asyncio.gather(*(watch() for _ in range(min(_AT_ONCE, watchers - len(lines)))))
        yield [reader for reader, _ in lines]
    finally:
        for _, writer in lines:
            writer.transport.abort()
