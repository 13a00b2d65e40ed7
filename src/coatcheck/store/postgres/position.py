"""How many jobs are ahead, for many at once."""

from collections.abc import Sequence

from coatcheck.store.postgres.address import Address
from coatcheck.store.postgres.columns import Texts
from coatcheck.store.postgres.pool import Pool
from coatcheck.store.postgres.statement import statement

COUNTED = 100
"""Jobs ahead that are counted one by one; beyond them the position is estimated."""


class Positions:
    """Tells the positions of queued jobs: each answer to a submission holds one, and a round trip for each would cost more."""

    def __init__(self, pool: Pool, address: Address) -> None:
        self._pool, self._address = pool, address

    async def of(self, job_ids: Sequence[str]) -> Sequence[int | None]:
        """Jobs ahead of each: exact near the head, further back told from how close together those there were submitted."""
        parameters = {"id": Texts(job_ids), "counted": COUNTED}
        rows = await self._pool.fetch(statement("position", self._address.schema), parameters)
        ahead = {job_id: estimated(int(seq), int(counted), first, last) for job_id, seq, counted, first, last in rows}
        return [ahead.get(job_id) for job_id in job_ids]


def estimated(seq: int, counted: int, first: int | None, last: int | None) -> int:
    """Jobs ahead of number `seq`, where `counted` were, from number `first` to `last`."""
    if counted < COUNTED or first is None or last is None:
        return counted
    apart = max(1.0, (last - first) / max(1, COUNTED - 1))
    return max(COUNTED, round((seq - first) / apart))
