"""A short life of two jobs, cut off at one database statement: `scenario.py FILE N`.

It kills itself in place of running statement N, and prints each verb once that has returned. Should it come to the
end, it prints `the end`.
"""

import asyncio
import itertools
import os
import signal
import sys
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


def done(verb: str) -> None:
    sys.stdout.write(f"{verb}\n")
    sys.stdout.flush()


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


async def live(store: SQLiteStore) -> None:
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


if __name__ == "__main__":
    die_at(int(sys.argv[2]))
    asyncio.run(live(SQLiteStore(Settings(store=f"sqlite:///{sys.argv[1]}", durability="process"), SystemClock(), Telemetry())))
