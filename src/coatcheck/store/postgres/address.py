"""Where the server is, and how a connection to it is made."""

import asyncio
import os
import select
import socket
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from coatcheck.errors import ConfigurationError
from coatcheck.settings import Settings
from coatcheck.store.postgres import columns

CONNECT_TIMEOUT = 7.0
"""Seconds a connection may take to be made, all hosts of the URL together."""
_ATTEMPT = 4
"""Seconds for which one host is waited for, at most."""
DEADLINE = 8.0
"""Seconds after which a call is given up, whatever became of the server or the way to it."""
# Plans are kept from when the tables were empty, and every statement is made for an index. Plans of so short statements need no
# compiler, either.
_OPTIONS = (
    "-c jit=off -c enable_seqscan=off -c statement_timeout=7s -c lock_timeout=6s -c idle_in_transaction_session_timeout=10s "
    r"-c default_transaction_isolation=read\ committed"
)
_NETWORK = {"tcp_user_timeout": 6000, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
_TEXT = {"client_encoding": "UTF8"}
"""Whatever the role or the environment says: text is sent as it is in memory."""
_PREPARED = 5
"""How often a statement that is not ours is sent before it is prepared: as often as the driver has it."""

Connection = psycopg.AsyncConnection[tuple[Any, ...]]
AnyConnection = Connection | psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Address:
    """A server's address and the schema there. `pooled`: behind a proxy that lends connections by the transaction."""

    parameters: dict[str, Any]
    schema: str
    pooled: bool

    @classmethod
    def of(cls, settings: Settings) -> "Address":
        """The address that the settings name. Raises ConfigurationError for a URL that cannot be read."""
        try:
            given = conninfo_to_dict(settings.store)
        except psycopg.Error as error:
            raise _unreadable(str(error).partition('"')[0].strip(" :")) from None
        if _misread(given, settings.store):
            raise _unreadable("something other than a host and a port stands where those belong")
        parameters = {"application_name": "coatcheck"} | _NETWORK | _choice(len(_hosts(given))) | given | _TEXT
        if not settings.pooler:
            parameters["options"] = f"{_OPTIONS} {given.get('options') or ''}".strip()
        return cls(parameters, settings.schema, settings.pooler)

    def __str__(self) -> str:
        hosts, ports = _hosts(self.parameters), _ports(self.parameters)
        places = ",".join(f"{_written(host)}:{port or 5432}" for host, port in zip_longest(hosts, ports[: len(hosts)], fillvalue=ports[-1]))
        return f"postgresql://{places}/{self.parameters.get('dbname') or ''} (schema {self.schema})"

    async def connect(self) -> Connection:
        """A new connection of the running event loop, on which each statement is a transaction. Raises psycopg.Error, TimeoutError."""
        async with asyncio.timeout(CONNECT_TIMEOUT):
            db: Connection = await psycopg.AsyncConnection.connect(
                **self.parameters, autocommit=True, prepare_threshold=None if self.pooled else 0
            )
        columns.register(db)
        return db

    def connect_plainly(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A new connection that blocks, without the settings that our own statements are made for. Raises psycopg.Error."""
        options = self.parameters.get("options", "").removeprefix(_OPTIONS).strip()
        prepared = None if self.pooled else _PREPARED
        return psycopg.connect(**self.parameters | {"options": options}, autocommit=True, prepare_threshold=prepared)


def _choice(hosts: int) -> dict[str, Any]:
    """How long each of so many is waited for; of several, the one that takes writes is wanted."""
    timeout = {"connect_timeout": min(_ATTEMPT, int(CONNECT_TIMEOUT) // hosts)}
    return timeout if hosts == 1 else timeout | {"target_session_attrs": "read-write"}


def _hosts(parameters: dict[str, Any]) -> list[str]:
    return str(parameters.get("host") or parameters.get("hostaddr") or "localhost").split(",")


def _ports(parameters: dict[str, Any]) -> list[str]:
    return str(parameters.get("port") or "").split(",")


def _written(host: str) -> str:
    """A host as a URL has it."""
    return f"[{host}]" if ":" in host else host


def _misread(parameters: dict[str, Any], url: str) -> bool:
    """Whether parts of a password were taken for the host, the port or the database: such a one must not be shown."""
    places = f"{parameters.get('host', '')[1:]} {parameters.get('dbname', '')}"  # the first one of a socket's name may be an @
    return not all(port.isdecimal() for port in _ports(parameters) if port) or ("@" in places and "%40" not in url)


def _unreadable(why: str) -> ConfigurationError:
    """Without anything of the URL, which may hold a password."""
    return ConfigurationError(
        f"store: the URL cannot be read: {why}. Write postgresql://user:password@host:5432/database, and in the password %40 for @, "
        "%2F for /, %25 for %, and likewise for whatever is no letter, digit or hyphen."
    )


def is_postgresql(url: str) -> bool:
    """Whether a store's URL names a PostgreSQL database."""
    return urlsplit(url).scheme in ("postgresql", "postgres")


def stale(db: AnyConnection) -> bool:
    """Whether something came on an idle connection, which is the server's farewell or the connection's end. Asks nobody."""
    if db.closed:
        return True
    line = select.poll()  # one system call: each lets another thread take the interpreter, which may keep it for milliseconds
    line.register(db.pgconn.socket, select.POLLIN)
    return bool(line.poll(0))


def cut(db: Connection) -> None:
    """End a connection under whoever waits on it, who is told at once."""
    if not db.closed:
        with socket.socket(fileno=os.dup(db.pgconn.socket)) as line, suppress(OSError):  # it has ended already
            line.shutdown(socket.SHUT_RDWR)


def drop(db: AnyConnection) -> None:
    """Let go of a connection that nobody waits on. From any thread."""
    db.pgconn.finish()
