"""A short life of two jobs, cut off at a database statement, each time at a later one: `scenario.py FOLDER FIRST STEP`.

A fork of this process for each number N works on `N.db` and kills itself in place of running statement N. It notes in
`N.returned` each verb that has returned, at last `the end`; with that it is over.
"""

import asyncio
import itertools
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw

from coatcheck.clock import SystemClock
from coatcheck.domain.claim import Claim
from coatcheck.domain.job import Submission
from coatcheck.domain.outcome import Completed, Failed, Released
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.problem import operation_failed
from coatcheck.domain.progress import Progress
from coatcheck.domain.result import Result
from coatcheck.settings import Settings
from coatcheck.store.contract import LogEntry
from coatcheck.store.sqlite.store import SQLiteStore
from coatcheck.telemetry import Telemetry

FIRST, SECOND = "019a0000-0000-7000-8000-000000000001", "019a0000-0000-7000-8000-000000000002"


def die_at(number: int) -> None:
    """Arrange for death in place of statement `number`, counted over all connections."""
    statements = itertools.count(1)

    def trace(_cursor: Any, _sql: str, _bindings: Any) -> bool:
        if next(statements) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return True

    def hook(db: apsw.Connection) -> None:
        db.exec_trace = trace

    apsw.connection_hooks.append(hook)


def submission(job_id: str, ttl: float) -> Submission:
    return Submission(
        id=job_id,
        owner="alice",
        operation="job",
        arguments=b"{}",
        max_attempts=1,
        timeout=None,
        ttl=ttl,
        queue_bound=10,
        idempotency_key=job_id,
        fingerprint=b"same",
    )


async def live(store: SQLiteStore, done: Callable[[str], None]) -> None:
    await store.open()
    done("open")
    await store.submit(submission(FIRST, ttl=0))
    done("submit first")
    await store.submit(submission(SECOND, ttl=3600))
    done("submit second")
    first, second = sorted(await store.claim("worker", ["job"], 2), key=job_id_of)
    done("claim")
    assert await store.report(first, Progress(percent=50), [LogEntry("info", "half", 0.0)])
    assert await store.checkpoint(first, b'{"rows":1}')
    done("report")
    body = b'"done"'
    assert await store.settle(first, Completed(Result(media_type="application/json", size=len(body), digest="00", body=body)))
    done("complete first")
    await store.cancel(SECOND, "alice", actor="alice")
    done("cancel second")
    assert await store.settle(second, Released("it was cancelled"))
    done("release second")
    await store.retry(SECOND, SYSTEM, actor="operator")
    done("retry second")
    (second,) = await store.claim("worker", ["job"], 2)
    assert await store.settle(second, Failed(operation_failed("ValueError", "no such month")))
    done("fail second")
    assert (await store.prune()).jobs == 1
    done("prune first")
    await store.close()
    done("the end")


def job_id_of(claim: Claim) -> str:
    return claim.job_id


def live_until(folder: Path, number: int) -> None:
    """One such life, noted."""
    die_at(number)
    with (folder / f"{number}.returned").open("w", buffering=1) as notes:
        store = SQLiteStore(Settings(store=f"sqlite:///{folder / f'{number}.db'}", durability="process"), SystemClock(), Telemetry())
        asyncio.run(live(store, lambda verb: print(verb, file=notes)))


def live_in_a_fork(folder: Path, number: int) -> int:
    """One such life in a process of its own, which need not import all this again; its exit status."""
    if (child := os.fork()) == 0:
        live_until(folder, number)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    for number in itertools.count(int(sys.argv[2]), int(sys.argv[3])):
        if (status := live_in_a_fork(Path(sys.argv[1]), number)) != -signal.SIGKILL:
            sys.exit(status)
