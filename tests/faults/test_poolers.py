"""F29: behind a real PgBouncer that lends connections by the transaction, in turn."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from chaos.audit import check_url
from coatcheck.errors import StoreUnavailable
from coatcheck.settings import Settings
from coatcheck.store.postgres.address import Address
from coatcheck.store.postgres.migrate import bring_up_to_date
from coatcheck.testing.harness import eventually, free_port, started
from tests.faults.site import Site, child, kill, site_in
from tests.services import require

CONFIGURATION = """
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = 3
server_round_robin = 1
"""
SCRIPT = Path(__file__).parents[2] / "scripts" / "pgbouncer.sh"
FOUND_IN = Path(sys.prefix) / "pgbouncer"


@pytest.fixture(scope="module")
def program() -> str:
    """PgBouncer's path."""
    ran = subprocess.run(["/bin/sh", str(SCRIPT), str(FOUND_IN)], capture_output=True, text=True, check=False)
    require(ran.returncode == 0, f"PgBouncer: {ran.stderr.strip()}")
    return ran.stdout.strip()


@pytest.fixture
def pooled(database_url: str, tmp_path: Path, program: str) -> Iterator[Site]:
    """A site whose store is reached through it."""
    with pooler(program, database_url, tmp_path) as url, site_in(tmp_path, url, pooler=1) as site:
        yield site


def test_a_service_behind_a_pooler_needs_nothing_of_a_session(pooled: Site, database_url: str) -> None:
    """Submits, runs, reports, a cancel, and a worker that is killed: over three connections that all share."""
    service = pooled.serve(workers=2)
    held, waiting = pooled.hold(), pooled.submit("wait", {"directory": str(pooled.directory)})
    accepted = [pooled.submit("echo", {"text": str(number)}) for number in range(30)]
    accepted.append(pooled.submit("count", {"directory": str(pooled.directory), "rows": 100}))
    pooled.runs(waiting, 1)
    assert pooled.api.delete(f"/jobs/{waiting}").status_code == 202
    assert pooled.ended(waiting)["status"] == "cancelled"
    ((_, _, pid),) = pooled.runs(held, 1)
    kill(pid)
    pooled.runs(held, 2)
    pooled.let_go()
    for job_id in (held, *accepted):
        assert pooled.ended(job_id)["status"] == "completed"
    assert child(service, "_api")
    with psycopg.connect(database_url) as db:
        told = db.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'").fetchone()
    assert told == (0,)
    check_url(database_url, acknowledged=[held, waiting, *accepted])


@pytest.mark.parametrize(
    ("mode", "pooled", "said"),
    [("transaction", False, r"set `pooler`"), ("statement", True, r"set its pool_mode to transaction")],
)
async def test_a_pooler_that_cannot_be_used_in_this_way_is_told_from_a_server_that_is_away(
    database_url: str, tmp_path: Path, program: str, *, mode: str, pooled: bool, said: str
) -> None:
    """At once, though the tables are there already."""
    await bring_up_to_date(Address.of(Settings(store=database_url)))
    with pooler(program, database_url, tmp_path, mode=mode) as url, pytest.raises(StoreUnavailable, match=said):
        await bring_up_to_date(Address.of(Settings(store=url, pooler=pooled)))


@contextmanager
def pooler(program: str, url: str, folder: Path, *, mode: str = "transaction") -> Iterator[str]:
    """The URL by which a database is reached through a PgBouncer of one's own."""
    server, port = urlsplit(url), free_port()
    file = folder / "pgbouncer.ini"
    file.write_text(CONFIGURATION.format(host=server.hostname, port=server.port, user=server.username, listen=port, mode=mode))
    with started([program, *(["--user=nobody"] if os.geteuid() == 0 else []), str(file)]) as process:

        def listens() -> bool:
            assert process.status is None, process.log
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                return True
            return False

        eventually(listens)
        yield f"postgresql://{server.username}@127.0.0.1:{port}{server.path}"
