"""A process that claims jobs one at a time, as fast as it can: `claimer.py STORE WORKER GO`.

It says `ready` once the store is open, begins when the file GO is there, and prints the id of each job it got.
"""

import asyncio
import sys
import threading
from pathlib import Path

from coatcheck.clock import SystemClock
from coatcheck.domain.outcome import Completed
from coatcheck.domain.result import Result
from coatcheck.settings import Settings
from coatcheck.store.open import open_store
from coatcheck.telemetry import Telemetry


async def main(url: str, worker: str, go: Path) -> None:
    store = open_store(Settings(store=url, durability="process"), SystemClock(), Telemetry())
    await store.open()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    pause = threading.Event()
    while not go.exists():  # noqa: ASYNC240  nothing else runs on this loop
        pause.wait(0.001)
    while claims := await store.claim(worker, ["job"], 1):
        for claim in claims:
            sys.stdout.write(f"{claim.job_id}\n")
            body = worker.encode()
            assert await store.settle(claim, Completed(Result(media_type="text/plain", size=len(body), digest="", body=body)))
    await store.close()


asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
