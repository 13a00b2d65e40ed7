"""The checker: every job of a store, its history, and the whole they are part of.

audit_store(store, …)        a Report on a store that is open on this event loop
audit_file(file, …)          the same of a SQLite file that nobody else need have open, with its blobs and its integrity
audit_url(url, …)            the same of the store that a URL names, whichever kind it is
check_store, _file, _url     the jobs, if all is well; raise AssertionError otherwise
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import apsw
import msgspec
import psycopg

from chaos.history import violations
from chaos.violation import Rule, Violation
from coatcheck.blobs.contract import Blobs
from coatcheck.clock import SystemClock
from coatcheck.domain.event import EventType
from coatcheck.domain.job import JobRecord
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.result import Result
from coatcheck.domain.state import Status
from coatcheck.settings import Settings
from coatcheck.store.contract import Listing
from coatcheck.store.insight import Depth
from coatcheck.store.open import AnyStore, open_blobs, open_store
from coatcheck.store.postgres.address import is_postgresql
from coatcheck.store.sqlite.location import sqlite_file
from coatcheck.telemetry import Telemetry
from coatcheck.worker.sweep import ORPHAN_AGE, SWEEP_INTERVAL

ALL_EVENTS = 1_000_000
PAGE = 500


@dataclass
class Report:
    """What was found: the jobs, oldest first, how often what happened, and what is wrong."""

    jobs: list[JobRecord] = field(default_factory=list)
    events: Counter[EventType] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)

    def count(self, rule: Rule) -> int:
        """How often the rule was broken."""
        return sum(violation.rule is rule for violation in self.violations)

    def require(self) -> list[JobRecord]:
        """The jobs. Raises AssertionError, saying what is wrong, unless all is well."""
        assert not self.violations, "\n".join(map(str, self.violations))
        return self.jobs


async def audit_store(
    store: AnyStore,
    *,
    acknowledged: Collection[str] = (),
    ended: bool = True,
    blobs: Blobs | None = None,
    checkpoints: Mapping[str, bytes] = MappingProxyType({}),
) -> Report:
    """Check every job of the store.

    `acknowledged` are ids that a client was given: each must be there. With `ended`, no job may be under way. Results
    that are files are looked up in `blobs`, if they are given, and so are blobs that are no job's and should have been swept;
    `checkpoints` are what functions kept, by job id.
    """
    report = Report()
    for listed in await _all(store):
        job = await store.get(listed.id, SYSTEM)
        assert isinstance(job, JobRecord), f"{listed.id} was listed and is {job}"
        events = await store.events(job.id, SYSTEM, limit=ALL_EVENTS)
        body, damage = await _body(await store.result(job.id, SYSTEM), blobs)
        report.jobs.append(job)
        report.events.update(event.type for event in events)
        report.violations += violations(job, events, result=body, checkpoint=checkpoints.get(job.id))
        report.violations += [Violation(Rule.FILE, said, job.id) for said in damage]
    report.jobs.reverse()
    report.violations += whole(report.jobs, acknowledged, await store.depths(), ended=ended)
    if blobs is not None:
        report.violations += [
            Violation(Rule.FILE, f"the blob {key} is no job's, and was not swept") for key in await _orphans(store, blobs)
        ]
    return report


def audit_file(file: Path, *, acknowledged: Collection[str] = (), ended: bool = True) -> Report:
    """Check a store's file, the blobs beside it, and every job in it."""
    db = apsw.Connection(str(file))
    settings = Settings(store=f"sqlite:///{file}", durability="process")
    report = asyncio.run(_audit(settings, db.execute, acknowledged, ended=ended))
    if (said := str(db.pragma("integrity_check"))) != "ok":
        report.violations.append(Violation(Rule.FILE, said))
    db.close()
    return report


def audit_url(url: str, *, acknowledged: Collection[str] = (), ended: bool = True) -> Report:
    """Check every job of the store that `url` names, and its blobs; where it is a SQLite file, all that `audit_file` checks."""
    if not is_postgresql(url):
        return audit_file(sqlite_file(url), acknowledged=acknowledged, ended=ended)
    with psycopg.connect(url, autocommit=True, options="-c search_path=coatcheck") as db:
        report = asyncio.run(_audit(Settings(store=url), db.execute, acknowledged, ended=ended))
        stray = db.execute("SELECT DISTINCT blob FROM blob_chunks WHERE blob NOT IN (SELECT key FROM blobs)").fetchall()
    report.violations += [
        Violation(Rule.FILE, f"chunks of {key} are there, and no such blob: nothing ever removes them") for (key,) in stray
    ]
    return report


async def check_store(store: AnyStore, *, acknowledged: Collection[str] = (), ended: bool = True) -> list[JobRecord]:
    """The jobs of a store, oldest first. Raises AssertionError, saying what is wrong, unless all is well."""
    return (await audit_store(store, acknowledged=acknowledged, ended=ended)).require()


def check_file(file: Path, *, acknowledged: Collection[str] = (), ended: bool = True) -> list[JobRecord]:
    """The same of a store's file."""
    return audit_file(file, acknowledged=acknowledged, ended=ended).require()


def check_url(url: str, *, acknowledged: Collection[str] = (), ended: bool = True) -> list[JobRecord]:
    """The same of the store that a URL names."""
    return audit_url(url, acknowledged=acknowledged, ended=ended).require()


def whole(jobs: Sequence[JobRecord], acknowledged: Collection[str], depths: Mapping[str, Depth], *, ended: bool) -> Iterator[Violation]:
    """What is wrong with the jobs taken together."""
    for lost in set(acknowledged) - {job.id for job in jobs}:
        yield Violation(Rule.LOST, "was acknowledged and is lost", lost)
    for job in jobs:
        if ended and not job.status.terminal:
            yield Violation(Rule.UNENDED, f"is {job.status}", job.id)
    for operation in {job.operation for job in jobs} | depths.keys():
        own = [job.status for job in jobs if job.operation == operation]
        actual = Depth(queued=own.count(Status.QUEUED), running=sum(status.held for status in own))
        if (counted := depths.get(operation, Depth())) != actual:
            yield Violation(Rule.DEPTH, f"{operation}: {actual}, counted as {counted}")


async def _audit(
    settings: Settings, execute: Callable[[str], Iterable[tuple[Any, ...]]], acknowledged: Collection[str], *, ended: bool
) -> Report:
    store, blobs = open_store(settings, SystemClock(), Telemetry()), open_blobs(settings, SystemClock())
    await store.open()
    try:
        rows = execute("SELECT id, body FROM checkpoints JOIN jobs ON jobs.seq = job")
        kept = {job_id: bytes(msgspec.json.decode(body, type=_Saved).value) for job_id, body in rows}
        return await audit_store(store, acknowledged=acknowledged, ended=ended, blobs=blobs, checkpoints=kept)
    finally:
        await store.close()
        blobs.close()


class _Saved(msgspec.Struct):
    """A checkpoint as it is stored: beside the rows that were done, what the function kept."""

    value: msgspec.Raw = msgspec.Raw(b"null")


async def _all(store: AnyStore) -> list[JobRecord]:
    jobs: list[JobRecord] = []
    while page := await store.list(SYSTEM, Listing(before=jobs[-1].id if jobs else None, limit=PAGE)):
        jobs += page
    return jobs


async def _orphans(store: AnyStore, blobs: Blobs) -> frozenset[str]:
    """Blobs that no job refers to, though a sweep should have removed them."""
    return await store.unreferenced(await asyncio.to_thread(lambda: blobs.keys(older_than=ORPHAN_AGE + SWEEP_INTERVAL)))


async def _body(result: Result | None, blobs: Blobs | None) -> tuple[bytes | None, list[str]]:
    """The bytes of a result, and what is wrong with them."""
    if result is None or (result.blob is not None and blobs is None):
        return None, []
    body = result.body
    if result.blob is not None and blobs is not None:
        try:
            body = b"".join([chunk async for chunk in blobs.read(result.blob)])
        except FileNotFoundError:
            return None, [f"the blob {result.blob} of its result is not there"]
    if body is None or len(body) != result.size:
        return body, [f"the result should have {result.size} bytes, and has {body and len(body)}"]
    if result.blob is not None and hashlib.sha256(body).hexdigest() != result.digest:
        return body, ["the digest of its result is that of other bytes"]
    return body, []
