"""What the tests' other processes do: `python process.py FILE ROLE`."""
# ruff: noqa: T201  printing is how it answers

import asyncio
import sys

from coatcheck import failpoints
from coatcheck.clock import SystemClock
from coatcheck.settings import Settings
from coatcheck.store.contract import Listing, Store
from coatcheck.store.open import open_store
from coatcheck.telemetry import Telemetry
from coatcheck.testing.conformance.scenario import COMPLETED, OPERATION, OWNER, WORKER, queued, submission


async def drain(store: Store) -> None:
    """Claim and settle until nothing is left, and print what was claimed."""
    while claims := await store.claim(WORKER, [OPERATION], 3):
        for claim in claims:
            assert await store.settle(claim, COMPLETED) is not None
            print(claim.job_id)


async def fill(store: Store) -> None:
    """Submit while others do, and print what was accepted."""
    for job in await asyncio.gather(*(queued(store) for _ in range(100))):
        print(job.id)


async def submit_one(store: Store) -> None:
    """Submit with a key, and print the job."""
    print((await store.submit(submission(idempotency_key="k", fingerprint=b"1"))).job.id)


async def run_one(store: Store) -> None:
    """Claim a job and settle it."""
    [claim] = await store.claim(WORKER, [OPERATION], 1)
    await store.settle(claim, COMPLETED)


async def sweep(store: Store) -> None:
    """Rescue once, and print what was rescued."""
    for job in await store.rescue():
        print(job.id)


async def tell_changes(store: Store) -> None:
    """Say when it listens, and again when the first job shows."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()

    def ring() -> None:
        loop.call_soon_threadsafe(changed.set)

    store.listen(ring)
    print("listening", flush=True)
    while not (jobs := await store.list(OWNER, Listing())):
        await changed.wait()
        changed.clear()
    print(jobs[0].id)


ROLES = {role.__name__: role for role in (drain, fill, submit_one, run_one, sweep, tell_changes)}


async def play(file: str, role: str) -> None:
    """Open the store, do the role's work, close."""
    settings = Settings.load(store=f"sqlite:///{file}")
    failpoints.arm(settings.failpoints)
    store = open_store(settings, SystemClock(), Telemetry())
    await store.open()
    await ROLES[role](store)
    await store.close()


if __name__ == "__main__":
    asyncio.run(play(*sys.argv[1:]))
