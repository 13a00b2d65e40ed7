"""A worker process of ours that runs what is queued, and says how long it took: `python -m benchmarks.applications.worker`."""

import asyncio
import json
import time

from benchmarks.applications.ours import jobs
from coatcheck.store.insight import Depth
from coatcheck.worker.event_loop import new_event_loop

LOOK = 0.005


async def drain() -> None:
    """Run everything that is queued; print seconds and processor seconds as JSON."""
    async with jobs.opened() as wiring:
        worker = jobs.make_worker()
        begun, processor = time.perf_counter(), time.process_time()
        await worker.start()
        while (await wiring.insight.depths()).get("order", Depth()) != Depth():
            await asyncio.sleep(LOOK)
        print(json.dumps({"seconds": time.perf_counter() - begun, "processor": time.process_time() - processor}), flush=True)
        await worker.stop()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(drain())
