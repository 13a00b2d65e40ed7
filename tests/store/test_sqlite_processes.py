"""Several processes on one file, some of which die."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import apsw
import pytest

from coatcheck.clock import BootTime, SystemClock
from coatcheck.domain.claim import Claim
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.state import Status
from coatcheck.store.contract import Listing, Store
from coatcheck.testing.conformance import OpenStore
from coatcheck.testing.conformance.scenario import (
    COMPLETED,
    LEASE,
    OPERATION,
    OWNER,
    WORKER,
    history,
    present,
    queued,
    running,
    submission,
)

Start = Callable[..., Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
def start(file: Path) -> Start:
    """Starts a process of `process.py`, with failpoints if wanted."""

    async def start_process(role: str, failpoints: str = "") -> asyncio.subprocess.Process:
        program = Path(__file__).with_name("process.py")
        environment = os.environ | {"COATCHECK_FAILPOINTS": failpoints}
        return await asyncio.create_subprocess_exec(sys.executable, program, file, role, env=environment, stdout=asyncio.subprocess.PIPE)

    return start_process


async def _lines(process: asyncio.subprocess.Process) -> list[str]:
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode().split()


class _Shifted(SystemClock):
    """The host's clock, its boot clock shifted by some leases."""

    def __init__(self, leases: int) -> None:
        super().__init__()
        self._leases = leases

    def boot(self) -> BootTime:
        boot = super().boot()
        return boot._replace(seconds=boot.seconds + self._leases * LEASE)


async def test_no_job_is_claimed_by_two_processes(open_store: OpenStore, start: Start) -> None:
    """F32 across processes: every job once, none left."""
    store = await open_store()
    jobs = await asyncio.gather(*(queued(store) for _ in range(300)))
    drainers = [await start("drain") for _ in range(3)]
    drained = [job_id for lines in await asyncio.gather(*map(_lines, drainers)) for job_id in lines]
    assert len(drained) == len(set(drained))
    assert set(drained) == {job.id for job in jobs}
    for job in jobs[::30]:
        assert await history(store, job.id) == ["accepted", "started", "completed"]


async def test_processes_that_write_at_once_lose_nothing(open_store: OpenStore, start: Start, file: Path) -> None:
    """F24: every write begins as one, so that none is refused for a snapshot that has grown old."""
    store = await open_store()
    writers = [await start("fill") for _ in range(4)]
    written = [job_id for lines in await asyncio.gather(*map(_lines, writers)) for job_id in lines]
    assert len(set(written)) == 400
    assert {job.id for job in await store.list(SYSTEM, Listing(limit=1_000))} == set(written)
    assert (await store.depths())[OPERATION].queued == 400
    db = apsw.Connection(str(file))
    assert db.pragma("integrity_check") == "ok"
    db.close()


async def test_a_process_hears_of_another_ones_commits(open_store: OpenStore, start: Start) -> None:
    """By `data_version` alone: the listener looks at nothing until it was rung."""
    store = await open_store()
    listener = await start("tell_changes")
    assert listener.stdout is not None
    assert await listener.stdout.readline() == b"listening\n"
    job = await queued(store)
    assert await _lines(listener) == [job.id]


async def _killed(process: asyncio.subprocess.Process) -> None:
    out, _ = await process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert out == b""


@pytest.mark.parametrize(("point", "stored"), [("submit.before_commit", 0), ("submit.after_commit", 1)])
async def test_a_submit_that_died_can_be_repeated(open_store: OpenStore, start: Start, point: str, stored: int) -> None:
    """F05, F06: killed on either side of the commit; the same key then leads to exactly one job."""
    await _killed(await start("submit_one", f"{point}=kill"))
    store = await open_store()
    assert len(await store.list(OWNER, Listing())) == stored
    again = await store.submit(submission(idempotency_key="k", fingerprint=b"1"))
    assert again.replayed == bool(stored)
    assert len(await store.list(OWNER, Listing())) == 1


@pytest.mark.parametrize(
    ("point", "status", "rescued"),
    [
        ("claim.before_commit", Status.QUEUED, []),
        ("claim.after_commit", Status.RUNNING, ["rescued"]),
        ("settle.before_commit", Status.RUNNING, ["rescued"]),
        ("settle.after_commit", Status.COMPLETED, []),
    ],
)
async def test_a_worker_that_died_leaves_a_job_that_ends_once(
    open_store: OpenStore, start: Start, point: str, status: Status, rescued: list[str]
) -> None:
    """F01, F03, F04: killed at any point, the job is done once, and again only where no result was stored."""
    store = await open_store()
    job = await queued(store)
    await _killed(await start("run_one", f"{point}=kill"))
    assert (await present(store, job.id)).status is status
    store = await open_store(clock=_Shifted(2))
    assert [found.id for found in await store.rescue()] == [job.id] * len(rescued)
    for claim in await store.claim(WORKER, [OPERATION], 1):
        await store.settle(claim, COMPLETED)
    started = [] if point == "claim.before_commit" else ["started"]
    again = [] if point == "settle.after_commit" else ["started"]
    assert await history(store, job.id) == ["accepted", *started, *rescued, *again, "completed"]
    assert (await present(store, job.id)).failures == 0


async def _settled(store: Store, claim: Claim) -> list[str]:
    await store.settle(claim, COMPLETED)
    return ["accepted", "started", "completed"]


async def _renewed(store: Store, claim: Claim) -> list[str]:
    assert await store.keep(WORKER) == 1
    return ["accepted", "started"]


async def _taken_over(store: Store, claim: Claim) -> list[str]:
    await store.rescue(WORKER)
    await store.claim("worker-2", [OPERATION], 1)
    return ["accepted", "started", "rescued", "started"]


@pytest.mark.parametrize("meanwhile", [_settled, _renewed, _taken_over])
async def test_a_sweeper_that_looked_too_early_writes_nothing(
    open_store: OpenStore, start: Start, meanwhile: Callable[[Store, Claim], Awaitable[list[str]]]
) -> None:
    """F35: it found the job stale, stood still, and the world went on; its write repeats the whole condition."""
    store = await open_store(clock=_Shifted(-2))
    claim = await running(store)
    sweeper = await start("sweep", "rescue.before_write=stop")
    await asyncio.to_thread(os.waitid, os.P_PID, sweeper.pid, os.WSTOPPED | os.WNOWAIT)
    present_store = await open_store()
    expected = await meanwhile(present_store, claim)
    sweeper.send_signal(signal.SIGCONT)
    assert await _lines(sweeper) == []
    assert await history(present_store, claim.job_id) == expected
