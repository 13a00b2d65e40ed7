"""Databases that have seen some history."""

import asyncio
from itertools import chain, repeat

import msgspec

from benchmarks.applications.control import Order
from benchmarks.databases import bare
from benchmarks.load import BODY
from coatcheck.domain.job import Submission
from coatcheck.domain.outcome import Completed
from coatcheck.domain.result import Result
from coatcheck.ids import new_job_id

ORDER = msgspec.json.encode(msgspec.json.decode(BODY, type=Order))
BATCH = 1000


async def fill_ours(url: str, *, finished: int = 0, queued: int = 0) -> None:
    """Put jobs of the operation `order` into a Coatcheck store, through the store's own verbs."""
    from coatcheck import Coatcheck

    app = Coatcheck(store=url, embedded_worker=False)
    async with app.opened() as wiring:
        for start in range(0, finished, BATCH):
            await asyncio.gather(*(wiring.store.submit(_submission()) for _ in range(min(BATCH, finished - start))))
            claims = await wiring.store.claim("filler", ["order"], BATCH)
            await wiring.store.settle_all([(claim, _COMPLETED) for claim in claims])
        for start in range(0, queued, BATCH):
            await asyncio.gather(*(wiring.store.submit(_submission()) for _ in range(min(BATCH, queued - start))))


def fill_bare(url: str, *, finished: int = 0, queued: int = 0) -> None:
    """The same for the bare table."""
    statuses = chain(repeat("completed", finished), repeat("queued", queued))
    bare(url).fill(url, ((new_job_id(), status, ORDER.decode()) for status in statuses))


_COMPLETED = Completed(Result(media_type="application/json", size=1, digest="0" * 64, body=b"7"))


def _submission() -> Submission:
    return Submission(
        id=new_job_id(),
        owner="everyone",
        operation="order",
        arguments=b'{"request":' + ORDER + b"}",
        max_attempts=1,
        timeout=3600.0,
        ttl=86400.0,
        queue_bound=10_000_000,
    )
