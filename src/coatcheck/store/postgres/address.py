"""Where the server is, and how a connection to it is made."""

import asyncio
import os
import select
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from coatcheck.errors import ConfigurationError
from coatcheck.settings import Settings
from coatcheck.store.postgres import columns

CONNECT_TIMEOUT = 4.0
"""Seconds a connection may take to be made."""
DEADLINE = 8.0
"""Seconds after which a call is given up, whatever became of the server or the way to it."""
# Plans are kept from when the tables were empty, and every statement is made for an index. Plans of so short statements need no
# compiler, either.
_OPTIONS = "-c jit=off -c enable_seqscan=off -c statement_timeout=7s -c lock_timeout=6s -c idle_in_transaction_session_timeout=10s"
_NETWORK = {"tcp_user_timeout": 6000, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "connect_timeout": 4}

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
            # Without the URL, which may hold a password.
            raise ConfigurationError(f"store: {str(error).strip()}; use postgresql://user:password@host:5432/database.") from None
        parameters = {"application_name": "coatcheck"} | _NETWORK | given
        if not settings.pooler:
            parameters["options"] = f"{_OPTIONS} {given.get('options') or ''}".strip()
        return cls(parameters, settings.schema, settings.pooler)

    def __str__(self) -> str:
        host, port, database = (self.parameters.get(name) for name in ("host", "port", "dbname"))
        return f"postgresql://{host or 'localhost'}:{port or 5432}/{database or ''} (schema {self.schema})"

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
        return psycopg.connect(**self.parameters | {"options": options}, autocommit=True)


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
