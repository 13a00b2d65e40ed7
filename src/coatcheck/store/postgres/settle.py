"""Ending attempts, many at once."""

from collections.abc import Sequence
from typing import Any

import msgspec

from coatcheck.domain.claim import Claim
from coatcheck.domain.job import JobRecord
from coatcheck.domain.result import Result
from coatcheck.failpoints import failpoint
from coatcheck.store.postgres.address import Address
from coatcheck.store.postgres.columns import Blobs, Booleans, Floats, Integers, Texts
from coatcheck.store.postgres.failure import refusals_explained
from coatcheck.store.postgres.moment import Moments
from coatcheck.store.postgres.pool import Pool
from coatcheck.store.postgres.statement import statement
from coatcheck.store.postgres.watch import Watch
from coatcheck.store.rows import JOB_WIDTH, inline, job_record
from coatcheck.store.settlement import Settlement, event_type
from coatcheck.store.text import encode_json, storable


class Ending(msgspec.Struct, frozen=True):
    """A claim, and what settling it writes."""

    claim: Claim
    writes: Settlement


class Settler:
    """Settles claims of one event loop, and rings `watch` once for all of a commit."""

    def __init__(self, pool: Pool, address: Address, moments: Moments, watch: Watch) -> None:
        self._pool, self._address, self._moments, self._watch = pool, address, moments, watch

    async def settle(self, endings: Sequence[Ending]) -> Sequence[JobRecord | None]:
        """Make of each job what its ending says, where the claim still holds, in one transaction."""
        with refusals_explained(self._address):
            failpoint("settle.before_commit")
            rows = await self._pool.fetch(statement("settle", self._address.schema), columns(endings) | self._moments.now())
            failpoint("settle.after_commit")
        settled: list[JobRecord | None] = [None] * len(endings)
        for row in rows:
            place = row[JOB_WIDTH] - 1
            result = endings[place].writes.result
            settled[place] = job_record(row, None if result is None else inline(result))
        if rows:
            self._watch.ring()
        return settled


def columns(endings: Sequence[Ending]) -> dict[str, Any]:
    """The parameters of the statement `settle`."""
    writes = [ending.writes for ending in endings]
    return _claims(endings) | _changes(writes) | _events(writes) | _results([write.result for write in writes])


def _claims(endings: Sequence[Ending]) -> dict[str, Any]:
    return {
        "id": Texts(ending.claim.job_id for ending in endings),
        "fence": Integers(ending.claim.fence for ending in endings),
        "worker": Texts(ending.claim.worker for ending in endings),
        "actor": "worker",
    }


def _changes(writes: Sequence[Settlement]) -> dict[str, Any]:
    return {
        "status": Texts(write.status for write in writes),
        "status_if_cancelling": Texts(write.status_if_cancelling for write in writes),
        "delay": Floats(write.delay for write in writes),
        "ends": Booleans(write.status.terminal for write in writes),
        "failures": Integers(write.failures for write in writes),
        "crashes": Integers(write.crashes for write in writes),
        "percent": Integers(write.percent for write in writes),
        "error": Blobs(write.error for write in writes),
    }


def _events(writes: Sequence[Settlement]) -> dict[str, Any]:
    return {
        "event": Texts(event_type(write.verb, write.status) for write in writes),
        "event_if_cancelling": Texts(event_type(write.verb, write.status_if_cancelling) for write in writes),
        "reason": Texts(storable(write.reason) for write in writes),
        "data": Blobs(None if write.problem is None else encode_json(write.problem) for write in writes),
    }


def _results(results: Sequence[Result | None]) -> dict[str, Any]:
    rows = [(None,) * 6 if result is None else _result(result) for result in results]
    media_types, sizes, digests, blobs, filenames, bodies = zip(*rows, strict=True)
    return {
        "media_type": Texts(media_types),
        "size": Integers(sizes),
        "digest": Texts(digests),
        "blob": Texts(blobs),
        "filename": Texts(filenames),
        "body": Blobs(bodies),
    }


def _result(result: Result) -> tuple[Any, ...]:
    return result.media_type, result.size, result.digest, result.blob, storable(result.filename), result.body
