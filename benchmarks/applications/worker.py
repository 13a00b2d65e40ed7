"""A worker process of ours that runs what is queued, and says how long it took: `python -m benchmarks.applications.worker`."""

import asyncio

from benchmarks.applications.ours import jobs
from benchmarks.applications.stopwatch import await_start, tell
from coatcheck.store.insight import Depth
from coatcheck.worker.event_loop import new_event_loop

LOOK = 0.02


async def drain() -> None:
    """Run everything that is queued."""
    async with jobs.opened() as wiring:
        worker = jobs.make_worker()
        begun, processor = await_start()
        await worker.start()
        while (await wiring.insight.depths()).get("order", Depth()) != Depth():
            await asyncio.sleep(LOOK)
        tell(begun, processor)
        await worker.stop()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(drain())
