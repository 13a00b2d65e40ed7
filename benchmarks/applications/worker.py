"""A worker process of ours that runs what is queued, and says how long it took: `python -m benchmarks.applications.worker`."""

import asyncio
import gc
from collections.abc import Mapping
from typing import Any

from benchmarks.applications.ours import jobs
from benchmarks.applications.stopwatch import await_start, tell
from coatcheck.store.insight import Depth
from coatcheck.worker.event_loop import new_event_loop

LOOK = 0.02


async def drain() -> None:
    """Run everything that is queued."""
    ended = 0

    def count(event: str, _: Mapping[str, Any]) -> None:
        nonlocal ended
        ended += event == "job.completed"

    async with jobs.opened() as wiring:
        gc.freeze()  # as a worker's process does
        jobs.telemetry.subscribe(count)
        worker = jobs.make_worker()
        begun, processor = await_start()
        await worker.start()
        before = -1
        while ended > before or (await wiring.insight.depths()).get("order", Depth()) != Depth():
            before = ended
            await asyncio.sleep(LOOK)
        tell(begun, processor)
        await worker.stop()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(drain())
