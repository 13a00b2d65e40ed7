"""F14: a crash at every database statement, from the creation of the file on, until the scenario passes without one."""

import asyncio
import itertools
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from chaos.audit import check_file
from coatcheck.clock import SystemClock
from coatcheck.domain.job import JobRecord, Tombstone
from coatcheck.domain.outcome import Completed
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.result import Result
from coatcheck.domain.state import Status
from coatcheck.settings import Settings
from coatcheck.store.sqlite.store import SQLiteStore
from coatcheck.telemetry import Telemetry
from coatcheck.testing.harness import started
from tests.faults.scenario import FIRST, SECOND, submission

AT_ONCE = 4
"""Processes that run side by side."""

PROMISED = {
    "submit second": {SECOND: {Status.QUEUED, Status.RUNNING}},
    "claim": {SECOND: {Status.RUNNING, Status.CANCELLING}},
    "complete first": {FIRST: {Status.COMPLETED}},
    "cancel second": {SECOND: {Status.CANCELLING, Status.CANCELLED}},
    "release second": {SECOND: {Status.CANCELLED, Status.QUEUED}},
    "retry second": {SECOND: {Status.QUEUED, Status.RUNNING, Status.FAILED}},
    "fail second": {SECOND: {Status.FAILED}},
}
"""Once a verb has returned, where its job may stand, whatever verb was under way at the crash."""


@pytest.mark.timeout(300)  # a hundred processes, on however busy a machine
def test_the_invariants_hold_after_a_crash_at_any_statement(tmp_path: Path) -> None:
    crash_everywhere(tmp_path)
    for number in itertools.count(1):
        returned = (tmp_path / f"{number}.returned").read_text().splitlines()
        examine(tmp_path / f"{number}.db", returned)
        if returned[-1:] == ["the end"]:
            break
    assert number > 50


def crash_everywhere(folder: Path) -> None:
    """Run the scenario with a crash at each statement; what is left of each goes to `folder`."""
    command = [sys.executable, "-m", "tests.faults.scenario", str(folder)]
    with ExitStack() as stack:
        lanes = [stack.enter_context(started([*command, str(first), str(AT_ONCE)])) for first in range(1, AT_ONCE + 1)]
        for lane in lanes:
            assert (lane.ended(patience=240), lane.log) == (0, "")


def examine(file: Path, returned: list[str]) -> None:
    """What was acknowledged is there, no history is broken, and everything can go on to its end."""
    check_file(file, ended=False)
    asyncio.run(_go_on(file, returned))
    check_file(file)


async def _go_on(file: Path, returned: list[str]) -> None:
    store = SQLiteStore(Settings(store=f"sqlite:///{file}", durability="process"), SystemClock(), Telemetry())
    await store.open()
    await _check_promises(store, returned)
    for job_id in (FIRST, SECOND):  # a client whose answer was lost asks again, under the same key
        if f"submit {'first' if job_id == FIRST else 'second'}" not in returned:
            assert (await store.submit(submission(job_id, ttl=3600))).job.id == job_id
    await store.rescue("worker")
    result = Result(media_type="application/json", size=4, digest="00", body=b"null")
    for claim in await store.claim("another", ["job"], 2):
        assert await store.settle(claim, Completed(result))
    await store.close()


async def _check_promises(store: SQLiteStore, returned: list[str]) -> None:
    promised: dict[str, set[Status]] = {}
    for verb in returned:
        promised |= PROMISED.get(verb, {})
    for job_id, statuses in promised.items():
        match await store.get(job_id, SYSTEM):
            case JobRecord() as job:
                assert job.status in statuses, (returned, job)
            case Tombstone():
                assert job_id == FIRST
                assert "fail second" in returned
            case None:
                raise AssertionError(f"{job_id} is lost after {returned}")
