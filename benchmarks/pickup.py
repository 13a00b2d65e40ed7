"""Milliseconds from the call that submits to the first line of the job, one at a time, with the embedded worker."""

import asyncio
import threading
import time
from collections.abc import Iterator
from queue import SimpleQueue

from benchmarks.databases import Databases, bare
from benchmarks.reading import Reading
from coatcheck import Coatcheck


def measure(databases: Databases, *, jobs: int) -> Iterator[Reading]:
    """The control (one durable insert by the bare writer, then a hop to another thread), and ours."""
    for case, run in (("one insert and a hop", _control), ("coatcheck", _ours)):
        latencies = sorted(asyncio.run(run(databases.new(f"pickup-{case.split()[0]}"), jobs)))
        p50, p99 = (1000 * latencies[int(share * len(latencies))] for share in (0.5, 0.99))
        yield Reading(databases.kind, "pickup", case, {"p50 ms": p50, "p99 ms": p99})


async def _control(url: str, jobs: int) -> list[float]:
    writer, handed, started = bare(url).Writer(url), SimpleQueue[float](), SimpleQueue[float]()

    def work() -> None:
        while (begun := handed.get()) >= 0:
            started.put(time.perf_counter() - begun)

    threading.Thread(target=work, daemon=True).start()
    latencies = []
    for number in range(jobs):
        begun = time.perf_counter()
        await writer.insert(str(number), "")
        handed.put(begun)
        latencies.append(await asyncio.to_thread(started.get))
    handed.put(-1.0)
    return latencies


async def _ours(url: str, jobs: int) -> list[float]:
    app = Coatcheck(store=url)
    started: SimpleQueue[float] = SimpleQueue()

    @app.operation("/orders")
    async def order(number: int) -> int:
        started.put(time.perf_counter())
        return number

    latencies = []
    async with app.lifespan():
        for number in range(jobs):
            begun = time.perf_counter()
            handle = await order.submit(number)
            latencies.append(await asyncio.to_thread(started.get) - begun)
            await handle.result()
    return latencies
