"""What has expired is removed, and what nobody refers to; nothing else."""

import pytest

from coatcheck.domain.job import Tombstone
from coatcheck.domain.owner import SYSTEM
from coatcheck.handle import Handle
from coatcheck.testing.clock import FakeClock
from coatcheck.worker.prune import Prune
from coatcheck.worker.sweep import ORPHAN_AGE, Sweep
from tests.worker.site import Site, service_of

TTL = 3600.0
DAY = 86_400.0
FAR_AHEAD = 4_000_000_000.0
"""A wall clock to which every file of this test is old."""


@pytest.fixture
async def finished(timed: Site) -> Handle[bytes]:
    """A completed job whose result is a blob."""

    @timed.jobs.operation("/files", ttl=TTL)
    def make() -> bytes:
        return b"\x00" * 10

    handle = await make.submit()
    await timed.work()
    await timed.ended(handle)
    return handle


async def blob_of(site: Site, handle: Handle[bytes]) -> str:
    result = await site.store.result(handle.id, SYSTEM)
    assert result is not None
    assert result.blob is not None
    return result.blob


async def test_an_expired_job_goes_with_its_blob_and_leaves_a_tombstone(timed: Site, clock: FakeClock, finished: Handle[bytes]) -> None:
    blob, prune = await blob_of(timed, finished), service_of(timed.workers[0], Prune)
    clock.advance(TTL - 1)
    await prune.turn()
    assert timed.jobs.wiring.blobs.path(blob) is not None
    clock.advance(2)
    await prune.turn()
    assert isinstance(await timed.store.get(finished.id, SYSTEM), Tombstone)
    assert timed.jobs.wiring.blobs.path(blob) is None


async def test_a_job_that_has_not_ended_is_never_pruned(timed: Site, clock: FakeClock, finished: Handle[bytes]) -> None:
    @timed.jobs.operation("/waits", name="waits", ttl=TTL)
    def wait() -> None: ...

    await timed.workers[0].drain(0)
    handle = await wait.submit()
    clock.advance(100 * DAY)
    await service_of(timed.workers[0], Prune).turn()
    assert isinstance(await timed.store.get(finished.id, SYSTEM), Tombstone)
    assert not (await handle.status()).terminal


async def test_a_sweep_takes_old_orphans_and_leaves_what_a_job_refers_to(timed: Site, clock: FakeClock, finished: Handle[bytes]) -> None:
    """A blob is written before its job is settled, so a young one without a job is one whose job is about to be."""
    blobs, sweep = timed.jobs.wiring.blobs, service_of(timed.workers[0], Sweep)
    orphan, kept = blobs.write([b"lost with its run"]), await blob_of(timed, finished)
    clock.set_wall(written_at(timed, orphan.key) + ORPHAN_AGE - 1)
    await sweep.turn()
    assert blobs.path(orphan.key) is not None
    clock.set_wall(FAR_AHEAD)
    await sweep.turn()
    assert blobs.path(orphan.key) is None
    assert blobs.path(kept) is not None


def written_at(site: Site, key: str) -> float:
    path = site.jobs.wiring.blobs.path(key)
    assert path is not None
    return path.stat().st_mtime
