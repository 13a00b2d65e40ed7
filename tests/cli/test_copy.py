"""Moving to another store with everything in it."""

import asyncio
import hashlib
import json
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import httpx2
import msgspec
import psycopg
import pytest

from chaos.audit import check_url
from coatcheck import Content, Job
from coatcheck.app import Coatcheck as Application
from coatcheck.blobs.contract import Blobs
from coatcheck.cli.copying.tables import COLUMNS
from coatcheck.cli.exit import Exit
from coatcheck.clock import SystemClock
from coatcheck.domain.endpoint import ENDINGS
from coatcheck.domain.outcome import Completed, Failed
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.progress import Progress
from coatcheck.domain.result import Result
from coatcheck.domain.state import Status
from coatcheck.errors import IdempotencyKeyReused
from coatcheck.settings import Settings
from coatcheck.store.contract import Listing, LogEntry, Store
from coatcheck.store.open import AnyStore, open_blobs, open_store
from coatcheck.telemetry import Telemetry
from coatcheck.testing.conformance.scenario import (
    COMPLETED,
    OWNER,
    PROBLEM,
    RELEASED,
    queued,
    running,
    submission,
)
from coatcheck.testing.conformance.webhooks import DISPATCHER, REFUSED, URL, claimed, registered
from coatcheck.testing.harness import eventually, serving
from tests.cli.conftest import Coatcheck
from tests.http.site import LOOPBACK

PDF = os.urandom(700_000)
UPLOAD = os.urandom(300_000)
ARGUMENTS = '{"name":"Zoë 🐢"}'.encode()


@dataclass(frozen=True)
class Stores:
    """Two stores of different kinds, the source with jobs, and the ids of these by what they are."""

    source: str
    target: str
    ids: dict[str, str]


@pytest.fixture(params=["sqlite to postgresql", "postgresql to sqlite"])
def stores(request: pytest.FixtureRequest, tmp_path: Path, database_url: str) -> Stores:
    file = f"sqlite:///{tmp_path / 'jobs.db'}"
    source, target = (file, database_url) if request.param.startswith("sqlite") else (database_url, file)
    return Stores(source, target, asyncio.run(fill(source)))


@asynccontextmanager
async def opened(url: str, **settings: Any) -> AsyncIterator[tuple[Store, Blobs]]:
    """A store and its files."""
    known = Settings(store=url, **settings)
    store, blobs = open_store(known, SystemClock(), Telemetry()), open_blobs(known, SystemClock())
    await store.open()
    try:
        yield store, blobs
    finally:
        await store.close()
        await asyncio.to_thread(blobs.close)


async def fill(url: str) -> dict[str, str]:
    """A job of each kind there is. The leases of those that run are over."""
    async with opened(url, lease=1e-9, grace=1e-9) as (store, blobs):
        return {
            "expired": await expired(store),
            "completed": (await completed(store, COMPLETED)).id,
            "file": (await completed(store, Completed(file_of(blobs, PDF)))).id,
            "empty file": (await completed(store, Completed(file_of(blobs, b"")))).id,
            "failed": await failed(store),
            "cancelled": await cancelled(store),
            "running": await half_way(store),
            "cancelling": await cancelling(store),
            "keyed": (await queued(store, operation="greet", idempotency_key="k-1", fingerprint=b"\x00\xff", arguments=ARGUMENTS)).id,
            "delayed": (await queued(store, operation="greet", delay=86400.0, arguments=ARGUMENTS)).id,
            "uploaded": await uploaded(store, blobs),
        }


def file_of(blobs: Blobs, body: bytes) -> Result:
    blob = blobs.write([body])
    return Result(media_type="application/pdf", size=blob.size, digest=blob.digest, blob=blob.key, filename="Übersicht.pdf")


async def completed(store: Store, outcome: Completed) -> Any:
    job = await store.settle(await running(store), outcome)
    assert job is not None
    return job


async def expired(store: Store) -> str:
    claim = await running(store, ttl=0.0, idempotency_key="k-old", fingerprint=b"old")
    await store.settle(claim, COMPLETED)
    assert (await store.prune()).jobs == 1
    return claim.job_id


async def failed(store: Store) -> str:
    claim = await running(store)
    await store.settle(claim, Failed(PROBLEM))
    return claim.job_id


async def cancelled(store: Store) -> str:
    claim = await running(store)
    await store.cancel(claim.job_id, OWNER, actor=OWNER)
    await store.settle(claim, RELEASED)
    return claim.job_id


async def half_way(store: Store) -> str:
    claim = await running(store, operation="greet", arguments=ARGUMENTS)
    await store.report(claim, Progress(percent=50, message="halb\tfertig \\N", current=1.5, total=3, unit="Seite"))
    await store.report(claim, None, [LogEntry("info", "a line\nand another", at=SystemClock().now())])
    await store.checkpoint(claim, b'{"value":"half"}')
    return claim.job_id


async def cancelling(store: Store) -> str:
    claim = await running(store, operation="greet", arguments=ARGUMENTS)
    await store.cancel(claim.job_id, OWNER, actor=OWNER)
    return claim.job_id


async def uploaded(store: Store, blobs: Blobs) -> str:
    key = (await asyncio.to_thread(blobs.write, [UPLOAD])).key
    arguments = msgspec.json.encode({"video": {"key": key, "again": key}})
    return (await queued(store, operation="convert", blobs=(key,), arguments=arguments)).id


async def look(url: str) -> dict[str, tuple[Any, ...]]:
    """All that a store says of each job, files by their content."""
    async with opened(url) as (store, blobs):
        jobs = await store.list(SYSTEM, Listing(limit=500))
        return {
            job.id: (number, await store.get(job.id, SYSTEM), await store.events(job.id, SYSTEM), await body_of(store, blobs, job.id))
            for number, job in enumerate(jobs)
        }


async def body_of(store: Store, blobs: Blobs, job_id: str) -> tuple[Any, ...] | None:
    result = await store.result(job_id, SYSTEM)
    if result is None:
        return None
    body = result.body if result.blob is None else b"".join([chunk async for chunk in blobs.read(result.blob)])
    return result.media_type, result.size, result.digest, result.filename, body


def without_keys(seen: dict[str, tuple[Any, ...]]) -> str:
    """As text, which tells whole numbers from others, without the keys of files."""
    return re.sub(r"blob='[0-9a-f]{32}'", "blob=…", "\n".join(f"{job_id}: {said}" for job_id, said in seen.items()))


def test_everything_is_there_and_sound(coatcheck: Coatcheck, stores: Stores) -> None:
    """Records, order, events, arguments, results, files, checkpoints, and what is left of expired jobs; the source is as it was."""
    before = asyncio.run(look(stores.source))
    told = json.loads(coatcheck("db", "copy", stores.source, stores.target, "--json").out)
    assert told["jobs"] == {"cancelled": 1, "completed": 3, "failed": 1, "queued": 3, "running": 2}
    rows = told["rows"]
    assert (rows["jobs"], rows["tombstones"], rows["checkpoints"], rows["idempotency_keys"]) == (10, 1, 1, 2)
    assert (told["files"], told["fileBytes"], told["damages"]) == (3, len(PDF) + len(UPLOAD), [])
    assert len(check_url(stores.target, ended=False)) == 10
    assert without_keys(asyncio.run(look(stores.target))) == without_keys(before)
    assert without_keys(asyncio.run(look(stores.source))) == without_keys(before)
    assert str(before[stores.ids["running"]]).count("fertig") == 2


def test_a_service_on_the_target_goes_on_with_all_of_them(coatcheck: Coatcheck, stores: Stores) -> None:
    assert coatcheck("db", "copy", stores.source, stores.target).status == Exit.OK
    go_on(stores)
    jobs = {job.id: job for job in check_url(stores.target, ended=False)}
    assert [jobs[stores.ids[name]].status for name in ("running", "keyed", "cancelling", "failed", "delayed")] == [
        Status.COMPLETED,
        Status.COMPLETED,
        Status.CANCELLED,
        Status.COMPLETED,
        Status.QUEUED,
    ]
    assert (jobs[stores.ids["running"]].crashes, jobs[stores.ids["running"]].attempt) == (1, 2)


def go_on(stores: Stores) -> None:
    """Serve the target with one worker, and do what clients may."""
    checkpoints = []

    async def authenticate(_: object) -> str:
        return OWNER

    application = Application(authenticate=authenticate, store=stores.target, durability="process", poll_interval=0.05)

    @application.operation("/greet")
    def greet(name: str, job: Job) -> str:
        checkpoints.append(job.last_checkpoint)
        return f"Hello {name}"

    @application.operation("/reports", name="report")
    def report(month: int) -> Content:
        return Content(b"%PDF", media_type="application/pdf")

    with serving(application) as url, httpx2.Client(base_url=url, timeout=30, verify=LOOPBACK) as api:

        def seen(job_id: str) -> dict[str, Any]:
            found: dict[str, Any] = api.get(f"/jobs/{job_id}").json()
            return found

        def ended(job_id: str) -> bool:
            return seen(job_id)["status"] in {status for status in Status if status.terminal}

        ids = stores.ids
        for name in ("running", "keyed", "cancelling"):
            eventually(partial(ended, ids[name]))
        assert "half" in checkpoints
        part = api.get(f"/jobs/{ids['file']}/result", headers={"Range": "bytes=300000-599999"})
        assert (part.status_code, part.content) == (206, PDF[300_000:600_000])
        assert api.get(f"/jobs/{ids['empty file']}/result").content == b""
        assert api.get(f"/jobs/{ids['expired']}").status_code == 410
        assert api.post(f"/jobs/{ids['failed']}/retry").status_code == 202
        eventually(partial(ended, ids["failed"]))
        new = api.post("/greet", json={"name": "you"}).json()["jobId"]
        eventually(partial(ended, new))
        assert api.get(f"/jobs/{new}/result").json() == "Hello you"
        assert api.get("/jobs").json()["items"][0]["jobId"] == new
    asyncio.run(repeat(stores))


async def repeat(stores: Stores) -> None:
    """Send a request again with its key, and another with that key."""
    async with opened(stores.target) as (store, _):
        again = await store.submit(submission(operation="greet", idempotency_key="k-1", fingerprint=b"\x00\xff"))
        assert (again.replayed, again.job.id) == (True, stores.ids["keyed"])
        with pytest.raises(IdempotencyKeyReused):
            await store.submit(submission(operation="greet", idempotency_key="k-1", fingerprint=b"other"))


def test_what_is_owed_to_webhooks_is_owed_at_the_target(coatcheck: Coatcheck, stores: Stores) -> None:
    """With endpoints, secrets and attempts; and nothing is owed once more for having been copied."""
    before = asyncio.run(tell(stores.source))
    assert coatcheck("db", "copy", stores.source, stores.target).status == Exit.OK
    after = asyncio.run(webhooks_of(stores.target))
    assert after == before
    assert len(after[0]) == 4
    asyncio.run(go_on_telling(stores.target))


async def tell(url: str) -> tuple[Any, ...]:
    """Three deliveries to two endpoints and one to the job's own URL: one was refused, one is under way, two wait."""
    async with opened_for_webhooks(url) as store:
        await registered(store, occasions=ENDINGS)
        await registered(store)
        await store.remove_endpoint((await registered(store)).id, OWNER)
        await store.add_secret("owner:ann", b"1", overlap=60)
        await store.add_secret("owner:ann", b"\x00\xff", overlap=60)
        claim = await running(store, webhook_url=URL)
        await store.settle(claim, COMPLETED)
        first, second = await claimed(store, limit=2)
        await store.freeze({first.delivery.id: b'{"type":"\xc3\xbc"}'})
        assert await store.settle_delivery(first, REFUSED, dispatcher=DISPATCHER)
        assert second.fence == 1
        return await webhooks_of(url)


async def webhooks_of(url: str) -> tuple[Any, ...]:
    """All that a store says of them."""
    async with opened_for_webhooks(url) as store:
        endpoints = await store.endpoints(SYSTEM)
        secrets = [await store.secrets(holder) for holder in ("owner:ann", *(endpoint.id for endpoint in endpoints))]
        return await store.deliveries(SYSTEM), endpoints, secrets


async def go_on_telling(url: str) -> None:
    """What waits or was under way can be claimed, and what is new gets numbers of its own."""
    async with opened_for_webhooks(url) as store:
        assert len(await claimed(store)) == 3
        await store.add_secret("owner:ann", b"3", overlap=60)
        claim = await running(store, operation="new", webhook_url=URL)
        await store.settle(claim, COMPLETED)
        assert len(await store.deliveries(SYSTEM, job_id=claim.job_id)) == 4


@asynccontextmanager
async def opened_for_webhooks(url: str) -> AsyncIterator[AnyStore]:
    store = open_store(Settings(store=url), SystemClock(), Telemetry())
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def test_arguments_refer_to_the_files_where_they_are_now(coatcheck: Coatcheck, stores: Stores) -> None:
    """A job submitted with a file finds it at the target, and it is that job's there: pruning and sweeping know of it."""
    assert coatcheck("db", "copy", stores.source, stores.target).status == Exit.OK

    async def claimed() -> None:
        async with opened(stores.target) as (store, blobs):
            [claim] = await store.claim("worker-9", ["convert"], 1)
            file = msgspec.json.decode(claim.arguments)["video"]
            assert file["key"] == file["again"]
            assert b"".join([chunk async for chunk in blobs.read(file["key"])]) == UPLOAD
            assert await store.unreferenced([file["key"]]) == frozenset()

    asyncio.run(claimed())


def test_a_target_in_use_is_left_alone(coatcheck: Coatcheck, stores: Stores) -> None:
    """Twice would be two of each; a tombstone is use, too."""
    assert coatcheck("db", "copy", stores.source, stores.target).status == Exit.OK
    after = asyncio.run(look(stores.target))
    again = coatcheck("db", "copy", stores.source, stores.target, "--force")
    assert (again.status, "The target is in use: it has jobs, " in again.err, again.out) == (Exit.REFUSED, True, "")
    assert asyncio.run(look(stores.target)) == after


def test_jobs_that_workers_run_are_copied_by_force_only(coatcheck: Coatcheck, stores: Stores) -> None:
    async def run_one() -> str:
        async with opened(stores.source) as (store, _):
            return (await running(store, operation="live")).job_id

    held = asyncio.run(run_one())
    refused = coatcheck("db", "copy", stores.source, stores.target)
    assert (refused.status, "Workers run 1 job of the source" in refused.err) == (Exit.REFUSED, True)
    assert asyncio.run(look(stores.target)) == {}
    assert coatcheck("db", "copy", stores.source, stores.target, "--force").status == Exit.OK

    async def rescued() -> set[str]:
        async with opened(stores.target) as (store, _):
            return {job.id for job in await store.rescue()}

    assert asyncio.run(rescued()) == {held, stores.ids["running"], stores.ids["cancelling"]}


def test_a_file_that_is_missing_or_another_is_told(coatcheck: Coatcheck, stores: Stores) -> None:
    """And all the rest is copied by force."""

    async def damage() -> None:
        async with opened(stores.source) as (store, blobs):
            lost = await store.result(stores.ids["file"], SYSTEM)
            assert lost is not None
            assert lost.blob is not None
            await asyncio.to_thread(blobs.delete, [lost.blob])
            other = hashlib.sha256(b"another").hexdigest()
            await completed(store, Completed(msgspec.structs.replace(file_of(blobs, b"one"), digest=other)))

    asyncio.run(damage())
    refused = coatcheck("db", "copy", stores.source, stores.target)
    assert (refused.status, "is missing" in refused.err) == (Exit.REFUSED, True)
    told = json.loads(coatcheck("db", "copy", stores.source, stores.target, "--force", "--json").out)
    assert (told["files"], len(told["damages"])) == (3, 2)
    assert told["rows"]["jobs"] == 11


def test_files_in_a_directory_of_both_stay_where_they_are(coatcheck: Coatcheck, stores: Stores, tmp_path: Path) -> None:
    shared = tmp_path / "files"
    told = json.loads(coatcheck("db", "copy", stores.source, stores.target, "--blobs", shared, "--json").out)
    assert (told["files"], told["rows"]["results"]) == (0, 3)
    assert not shared.exists()


def test_a_copy_that_breaks_off_leaves_the_target_empty(coatcheck: Coatcheck, stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the last row and before the commit; the next try succeeds."""

    def broken(*_: object) -> None:
        raise OSError("the network is gone")

    with monkeypatch.context() as patched:
        patched.setattr("coatcheck.cli.copying.copy._compared", broken)
        assert coatcheck("db", "copy", stores.source, stores.target).status == Exit.UNREACHABLE
    assert asyncio.run(look(stores.target)) == {}
    assert coatcheck("db", "copy", stores.source, stores.target).status == Exit.OK


def test_rows_that_do_not_arrive_undo_the_copy(coatcheck: Coatcheck, stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(_: object, table: str, rows: Iterator[Any]) -> Iterator[Any]:
        return iter(list(rows)[1:])

    with monkeypatch.context() as patched:
        patched.setattr("coatcheck.cli.copying.files.Files.moved", forgetful)
        refused = coatcheck("db", "copy", stores.source, stores.target)
    assert (refused.status, "The copy is not complete" in refused.err) == (Exit.UNREACHABLE, True)
    assert asyncio.run(look(stores.target)) == {}


def test_nobody_writes_to_the_source_meanwhile(coatcheck: Coatcheck, stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that came in between would be in one store only."""
    refused: list[str] = []

    async def meanwhile(*_: object) -> Any:
        refused.append(await asyncio.to_thread(tried, stores.source))
        raise OSError("seen enough")

    with monkeypatch.context() as patched:
        patched.setattr("coatcheck.cli.copying.copy._files", meanwhile)
        coatcheck("db", "copy", stores.source, stores.target)
    assert refused == ["refused"]


def tried(url: str) -> str:
    """What came of a write to a job's row, by somebody who does not wait."""
    try:
        if url.startswith("sqlite:"):
            apsw.Connection(url.removeprefix("sqlite:///")).execute("UPDATE jobs SET version = version")
        else:
            with psycopg.connect(url, options="-c lock_timeout=1ms") as db:
                db.execute("SELECT 1 FROM coatcheck.jobs LIMIT 1 FOR UPDATE")
    except (apsw.BusyError, psycopg.errors.LockNotAvailable):
        return "refused"
    return "written"


def test_what_cannot_be_copied_is_said(coatcheck: Coatcheck, stores: Stores, tmp_path: Path) -> None:
    same = coatcheck("db", "copy", stores.source, stores.source)
    assert (same.status, "are the same store" in same.err) == (Exit.USAGE, True)
    missing = coatcheck("db", "copy", f"sqlite:///{tmp_path}/none.db", stores.target)
    assert (missing.status, "There is no job store" in missing.err) == (Exit.USAGE, True)
    assert not (tmp_path / "none.db").exists()


def test_only_the_present_schema_is_copied(coatcheck: Coatcheck, tmp_path: Path) -> None:
    """An older one is upgraded first. What a newer one has beside ours would be left behind."""
    url = f"sqlite:///{tmp_path / 'old.db'}"
    asyncio.run(fill(url))
    for schema, said in ((1, "has an older schema"), (99, "has schema 99, and this version knows")):
        apsw.Connection(str(tmp_path / "old.db")).pragma("user_version", schema)
        other = coatcheck("db", "copy", url, f"sqlite:///{tmp_path / 'new.db'}")
        assert (other.status, said in other.err) == (Exit.USAGE, True)


def test_every_column_is_copied(tmp_path: Path, database_url: str) -> None:
    """Of both kinds, but for leases: a column of a later schema must not be forgotten."""
    asyncio.run(fill(f"sqlite:///{tmp_path / 'jobs.db'}"))
    with psycopg.connect(database_url) as server:
        asyncio.run(look(database_url))
        there = server.execute("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'coatcheck'").fetchall()
    file = apsw.Connection(str(tmp_path / "jobs.db"))
    here = file.execute("SELECT m.name, c.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table'").fetchall()
    ours = {(table, column) for table, columns in COLUMNS.items() for column in columns}
    leases = {("jobs", "lease_until"), ("jobs", "lease_limit"), ("deliveries", "lease_until"), ("deliveries", "dispatcher")}
    assert set(here) - ours == leases | {("jobs", "lease_boot"), ("deliveries", "lease_boot")} | depths()
    assert ours <= set(here)
    assert {(table, column) for table, column in there if table not in ("blobs", "blob_chunks", "migrations")} - ours == leases
    assert ours <= set(there)


def depths() -> set[tuple[str, str]]:
    """What SQLite's triggers keep."""
    return {("depths", name) for name in ("operation", "queued", "running")}
