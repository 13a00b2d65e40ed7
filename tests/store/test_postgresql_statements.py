"""The SQL: where it stands, and how PostgreSQL goes about it."""

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from coatcheck import failpoints
from coatcheck.domain.delivery import Delivery
from coatcheck.domain.endpoint import ENDINGS, Occasion
from coatcheck.domain.outcome import Completed
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.progress import Progress
from coatcheck.domain.result import Result
from coatcheck.errors import StoreUnavailable
from coatcheck.store.contract import Listing, LogEntry
from coatcheck.store.deliveries import EndpointChange
from coatcheck.store.postgres import columns, pool
from coatcheck.store.postgres.address import Connection
from coatcheck.store.postgres.enlist import Enlisted
from coatcheck.store.postgres.statement import statement
from coatcheck.store.rows import Row
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.conformance import OpenStore
from coatcheck.testing.conformance.scenario import FAILED, OPERATION, OWNER, TTL, WORKER, ObservedStore, queued, running, submission
from coatcheck.testing.conformance.webhooks import DISPATCHER, REFUSED, URL, claimed, registered

_PACKAGE = Path(pool.__file__).parent
_STATEMENTS = sorted(path.stem for path in (_PACKAGE / "statements").glob("*.sql"))
_MANY = 20_000

_USES = {
    "claim": {"jobs_queued", "jobs_pkey", "arguments_pkey", "checkpoints_pkey"},
    "settle": {"jobs_by_id", "jobs_pkey"},
    "get": {"jobs_by_id", "results_pkey"},
    "report": {"jobs_by_id"},
    "checkpoint": {"jobs_by_id"},
    "heartbeat": {"jobs_by_id", "jobs_pkey"},
    "keep": {"jobs_running", "jobs_pkey"},
    "cancel_requests": {"jobs_running"},
    "held": {"jobs_running"},
    "holders": {"jobs_running", "deliveries_held"},
    "stale": {"jobs_running"},
    "rescue": {"jobs_pkey"},
    "events": {"jobs_by_id", "events_pkey"},
    "list_own": {"jobs_by_owner"},
    "list_all": {"jobs_pkey"},
    "durations": {"jobs_completed"},
    "drained": {"jobs_completed"},
    "position": {"jobs_by_id", "jobs_queued"},
    "forget_tombstones": {"tombstones_by_forget_at", "tombstones_pkey"},
    "room": {"jobs_queued", "jobs_in_flight", "jobs_by_id", "idempotency_keys_pkey"},
    "unreferenced": {"results_by_blob", "inputs_by_blob"},
    "delivery_due": {"deliveries_due", "deliveries_held"},
    "claim_deliveries": {"deliveries_due", "deliveries_held", "deliveries_pkey"},
    "settle_delivery": {"deliveries_by_id", "delivery_attempts_pkey"},
    "release_deliveries": {"deliveries_held", "delivery_attempts_pkey"},
    "freeze": {"deliveries_by_id"},
    "give_up_overdue": {"deliveries_due"},
    "deliveries_own": {"deliveries_by_owner"},
    "deliveries_of_job": {"jobs_by_id", "deliveries_by_job"},
    "prune": {"jobs_expiring", "deliveries_owed", "deliveries_by_job", "delivery_attempts_pkey"},
}
"""By which indexes statements find their rows: small ones, or by key."""
_COUNTS = {"depths", "dead_deliveries", "endpoints_all", "forget_webhooks"}
"""What counts a whole queue, what tells of all endpoints, and what looks at each target that fails."""


@pytest.fixture
def store_url(database_url: str) -> str:
    return database_url


Asked = dict[str, tuple[str, Mapping[str, Any]]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Each statement that was run, with its last parameters."""
    names = {statement(name, "coatcheck"): name for name in _STATEMENTS}
    seen: Asked = {}

    async def fetch(db: Connection, sql: str, parameters: Mapping[str, Any]) -> list[Row]:
        seen[names[sql]] = sql, parameters
        return await run(db, sql, parameters)

    run = pool.fetch
    monkeypatch.setattr(pool, "fetch", fetch)
    monkeypatch.setattr("coatcheck.store.postgres.submit.fetch", fetch)

    async def fetch_enlisted(enlisted: Enlisted, sql: str, parameters: Mapping[str, Any]) -> list[Row]:
        seen[names[sql]] = sql, parameters
        return await run_enlisted(enlisted, sql, parameters)

    run_enlisted = Enlisted.fetch
    monkeypatch.setattr(Enlisted, "fetch", fetch_enlisted)
    return seen


async def _live(store: ObservedStore, clock: FakeClock) -> None:
    """Have every statement run."""
    file = Result(media_type="text/csv", size=3, digest="f" * 64, blob="ab" * 16)
    for key in "kk":
        await store.submit(submission(idempotency_key=key, fingerprint=b"1"))
    job = await queued(store)
    await store.position(job.id)
    await store.standing([job.id])
    claims = await store.claim(WORKER, [OPERATION], 2)
    await store.report(claims[0], Progress(percent=1), [LogEntry("info", "line", 0.0)] * 1_001)
    await store.checkpoint(claims[0], b"{}")
    await store.heartbeat(WORKER, {claim.job_id: claim.fence for claim in claims})
    await store.keep(WORKER)
    await store.cancel_requests(WORKER)
    await store.depths()
    await store.settle(claims[0], Completed(file))
    await store.settle(claims[1], FAILED)
    await store.retry(claims[1].job_id, OWNER, actor=OWNER)
    await store.cancel(claims[1].job_id, OWNER, actor=OWNER)
    await store.durations(OPERATION)
    await store.drained(OPERATION)
    await store.result(job.id, OWNER)
    await store.events(job.id, OWNER)
    await store.list(OWNER, Listing(before=job.id))
    await store.list(OWNER, Listing())
    await store.list(SYSTEM, Listing())
    await store.get("unknown", OWNER)
    await store.ping()
    await running(store, operation="invoice")
    await store.holders()
    await store.rescue(WORKER)
    failpoints.arm("claim.before_commit=oserror")
    for _ in "12":
        with suppress(StoreUnavailable):
            await store.claim("worker-2", [OPERATION], 1)
    await _tell(store)
    clock.advance(TTL)
    await store.prune()


async def _tell(store: ObservedStore) -> None:
    """Have every statement of webhooks run."""
    endpoint = await registered(store)
    await store.add_secret(endpoint.id, b"new", overlap=60)
    await store.secrets(endpoint.id)
    await store.change_endpoint(endpoint.id, OWNER, EndpointChange(occasions=ENDINGS))
    await store.endpoint(endpoint.id, OWNER)
    await store.endpoints(OWNER)
    await store.endpoints(SYSTEM)
    job = await queued(store, webhook_url=URL)
    await store.cancel(job.id, OWNER, actor=OWNER)
    [claim, *_] = await claimed(store)
    await store.freeze({claim.delivery.id: b"body"})
    await store.settle_delivery(claim, REFUSED, dispatcher=DISPATCHER)
    await store.release_deliveries(DISPATCHER)
    await store.redeliver(claim.delivery.id, OWNER)
    await store.owe(Delivery(id="msg_1", owner=OWNER, occasion=Occasion.TEST, url=URL, created_at=1.0), b"{}")
    await store.deliveries(SYSTEM)
    await store.deliveries(OWNER, before=claim.delivery.id)
    await store.deliveries(OWNER)
    await store.deliveries(OWNER, job_id=job.id)
    await store.dead_deliveries()
    await store.remove_endpoint(endpoint.id, OWNER)


def _fill(url: str) -> None:
    """A long queue and a longer history."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(
            f"""
            INSERT INTO coatcheck.jobs (seq, id, owner, operation, status, created_at, not_before, max_attempts, ttl, started_at,
                completed_at, expires_at)
            SELECT 1000 + n, 'job-' || n, 'owner-' || n % 500, 'report', CASE WHEN n % 4 = 0 THEN 'queued' ELSE 'completed' END,
                n, n, 1, 60, n, CASE WHEN n % 4 > 0 THEN n END, CASE WHEN n % 4 > 0 THEN 4e9 + n END
            FROM generate_series(1, {_MANY}) AS n;
            INSERT INTO coatcheck.arguments SELECT seq, '' FROM coatcheck.jobs ON CONFLICT DO NOTHING;
            INSERT INTO coatcheck.checkpoints SELECT seq, '' FROM coatcheck.jobs ON CONFLICT DO NOTHING;
            INSERT INTO coatcheck.events SELECT seq, n, 'started', 0, 'running', 1, 'worker'
                FROM coatcheck.jobs, generate_series(5000, 5002) AS n;
            INSERT INTO coatcheck.results SELECT seq, 'text/csv', 3, 'digest', 'blob-' || seq FROM coatcheck.jobs ON CONFLICT DO NOTHING;
            INSERT INTO coatcheck.inputs SELECT seq, 'input-' || seq FROM coatcheck.jobs;
            INSERT INTO coatcheck.endpoints SELECT 'we-' || n, 'owner-' || n % 500, 'https://example.com/', '[]', n
                FROM generate_series(1, {_MANY}) AS n;
            INSERT INTO coatcheck.secrets (holder, sealed, created_at, ends_at)
                SELECT 'we-' || n, '', n, CASE WHEN n % 2 = 0 THEN 4e9 + n END FROM generate_series(1, {_MANY}) AS n;
            INSERT INTO coatcheck.callbacks SELECT seq, 'https://example.com/', 'https://example.com' FROM coatcheck.jobs WHERE seq > 1000;
            INSERT INTO coatcheck.deliveries (id, owner, occasion, job, url, target, status, created_at, next_at, attempts, fence)
                SELECT 'msg-' || n, 'owner-' || n % 500, 'job.completed', 1000 + n, 'https://example.com/', 'https://example.com',
                    CASE n % 3 WHEN 0 THEN 'pending' WHEN 1 THEN 'delivered' ELSE 'dead' END, n, 4e9 + n, 1, 1
                FROM generate_series(1, {_MANY}) AS n;
            INSERT INTO coatcheck.delivery_attempts SELECT seq, 1, 0, 0, 204, NULL, '' FROM coatcheck.deliveries ON CONFLICT DO NOTHING;
            INSERT INTO coatcheck.circuits SELECT 'target-' || n, 1 FROM generate_series(1, {_MANY}) AS n;
            INSERT INTO coatcheck.tombstones SELECT 'old-' || n, n, 'alice', 4e9, 4e9 + n FROM generate_series(1, {_MANY}) AS n;
            INSERT INTO coatcheck.idempotency_keys SELECT 'alice', 'report', 'key-' || n, '', CASE WHEN n % 2 = 0 THEN n END, 4e9 + n
                FROM generate_series(1, {_MANY}) AS n;
            """.encode()  # noqa: S608  a number of ours
        )
        db.execute("ANALYZE")


async def test_rows_are_found_by_index(open_store: OpenStore, asked: Asked, store_url: str) -> None:
    """F31: as quick with a million queued and ten million finished jobs as with ten. Without any hint to the planner."""
    clock = FakeClock()
    store = await open_store(clock=clock)
    async with await psycopg.AsyncConnection.connect(store_url) as db:
        await store.submit(submission(), within=db)
        await db.rollback()
    await _live(store, clock)
    assert sorted(asked) == _STATEMENTS
    _fill(store_url)
    with psycopg.connect(store_url) as explaining:
        columns.register(explaining)
        for name, (sql, parameters) in asked.items():
            few = {**parameters, "limit": 5}  # of many, which 100 of 20,000 are not
            plan = "\n".join(line for (line,) in explaining.execute(f"EXPLAIN {sql}".encode(), few).fetchall())
            if name not in _COUNTS:
                assert "Seq Scan on" not in plan.replace("Seq Scan on migrations", ""), f"{name}\n{plan}"
            used = set(re.findall(r"using (\w+)|Bitmap Index Scan on (\w+)", plan))
            assert _USES.get(name, set()) <= {one or other for one, other in used}, f"{name}\n{plan}"


@pytest.mark.parametrize("name", _STATEMENTS)
def test_a_statement_stands_in_a_file_and_is_used(name: str) -> None:
    used = "".join(path.read_text() for path in _PACKAGE.glob("*.py"))
    assert f'"{name}"' in used


def test_no_statement_stands_anywhere_else() -> None:
    """But for those that make connections, schemas and notifications, which belong to no verb."""
    sql = re.compile(r'"(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH) ')
    found = {path.name for path in _PACKAGE.glob("*.py") if sql.search(path.read_text())}
    assert found == {"migrate.py", "watch.py"}


def test_a_statement_that_differs_in_kind_says_why() -> None:
    """Against the one of the same name for SQLite: those that begin otherwise, or are not there."""
    theirs = _PACKAGE.parent / "sqlite" / "statements"
    for name in _STATEMENTS:
        text = (_PACKAGE / "statements" / f"{name}.sql").read_text()
        twin = theirs / f"{name}.sql"
        if not twin.exists() or text.count("INSERT INTO") > twin.read_text().count("INSERT INTO") + 1:
            assert text.startswith("-- "), name


async def test_progress_renews_a_row_where_it_stands(open_store: OpenStore, store_url: str) -> None:
    """And touches no index: updates are "heap-only" as long as there is room on the page."""
    store = await open_store()
    claim = await running(store)
    for percent in range(10):
        await store.report(claim, Progress(percent=percent))
        await store.heartbeat(WORKER, {claim.job_id: claim.fence})
    await store.close()
    with psycopg.connect(store_url) as db:
        for _ in range(500):  # the counts arrive a moment after the connection has ended
            db.execute("SELECT pg_stat_clear_snapshot()")
            row = db.execute("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'jobs'").fetchone()
            if row == (21, 20):
                break
        assert row == (21, 20)
