"""Forgetting what ended long ago."""

from coatcheck.store.contract import Pruned
from coatcheck.store.deliveries import OVERDUE, TEST_TTL
from coatcheck.store.delivery_rows import given_up_of
from coatcheck.store.postgres.connections import Connections
from coatcheck.store.postgres.look import unreferenced

CHUNK = 100
"""Jobs that one statement removes, so that nobody waits long for a row."""


async def prune(db: Connections, limit: int, tombstone: float) -> Pruned:
    """Turn up to `limit` expired jobs into tombstones that last `tombstone` seconds; forget what is over."""
    jobs, blobs = 0, list[str]()
    while jobs < limit:
        size = min(CHUNK, limit - jobs)
        [(gone, files)] = await db.fetch("prune", {"limit": size, "tombstone": tombstone})
        jobs += gone
        blobs += files
        if gone < size:
            break
    given_up = given_up_of(await db.fetch("give_up_overdue", {"overdue": OVERDUE, "limit": limit}))
    await db.fetch("forget_webhooks", {"test_ttl": TEST_TTL})
    await db.fetch("forget_keys", {"limit": limit})
    tombstones = len(await db.fetch("forget_tombstones", {"limit": limit}))
    unused = await unreferenced(db, blobs) if blobs else ()
    return Pruned(jobs, tombstones, tuple(unused), tuple(given_up))
